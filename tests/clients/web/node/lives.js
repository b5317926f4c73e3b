// What becomes of connections, in Node and in pages of another origin: run by test_web_lives.py.
// Each function gets where the client's modules are, and a server, and returns what it saw.

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ending = (promise) => promise.then(() => "done", (error) => error.code ?? String(error));
const until = async (condition) => {
  while (!condition()) await pause(20);
};
const AUDIO = { sampleRate: 16_000, lookaheadMs: 80 };

/** A session from its hello to its end, on the way of which a listener makes a mistake. */
export async function session(modules, server) {
  const { FaceClient } = await import(`${modules}/client/face_client.js`);
  const mistakes = [];
  globalThis.reportError = (error) => mistakes.push(error.message);
  const client = new FaceClient(server);
  const closed = new Promise((resolve) => { client.onclose = resolve; });
  client.onframe = ({ index }) => {
    if (index === 3) throw new Error("the listener's");
  };
  client.onend = () => {
    throw new Error("at the end, too");
  };
  const hello = await client.openSession(AUDIO);
  for (let i = 0; i < 10; i += 1) {
    client.sendAudio(new Float32Array(1600));
    await pause(20);
  }
  const end = await client.end();
  client.close();
  return { names: hello.names.length, frames: client.frames, sent: end.frames, mistakes, closed: await Promise.race([closed, pause(200)]) ?? null };
}

/** Audio that stops, and comes back where it stopped. */
export async function silence(modules, server) {
  const { FaceClient } = await import(`${modules}/client/face_client.js`);
  const client = new FaceClient(server);
  const told = [];
  client.onsilence = (silence) => told.push(silence);
  await client.openSession(AUDIO);
  client.sendAudio(new Float32Array(3200));
  await pause(1000);
  client.sendAudio(new Float32Array(3200));
  const end = await client.end();
  client.close();
  return { told, last: client.silence, frames: end.frames };
}

/** Speech of our own, with the times that its TTS told. */
export async function alignment(modules, server, file) {
  const { SpeakClient } = await import(`${modules}/client/speak_client.js`);
  const { readFileSync } = await import("node:fs");
  const { samples, messages } = JSON.parse(readFileSync(file, "utf8"));
  const client = new SpeakClient(server);
  const seen = { weights: [], problems: [], samples: 0 };
  client.onproblem = ({ message }) => seen.problems.push(message);
  client.onframe = ({ turn, weights }) => { if (turn === 1) seen.weights.push([...weights]); };
  client.onaudio = ({ turn, samples: { length } }) => { if (turn === 1) seen.samples += length; };
  const ended = new Promise((resolve) => { client.onturnend = ({ turn }) => turn === 2 && resolve(); });
  await client.open({ text: false, sampleRate: 16_000, pacing: "burst", idle: false });
  client.begin(1, { alignment: true });
  for (const message of messages) client.pushAlignment(1, "cartesia", message, { offsetMs: 100 });
  client.sendAudio(1, Float32Array.from(samples));
  client.endTurn(1);
  client.begin(2, { alignment: true });
  client.pushAlignment(2, "words", [{ word: "none", start: NaN }]);
  client.sendAudio(2, new Float32Array(1600));
  client.endTurn(2);
  await ended;
  client.close();
  return seen;
}

/** What an address that is none gives away. */
export async function secrets(modules) {
  const { FaceClient } = await import(`${modules}/client/face_client.js`);
  const said = [];
  for (const address of ["mailto:nobody?token=s3cret", "ftp://me:s3cret@host/?token=s3cret", "http://[?token=s3cret", "ws://h:99999/#s3cret"]) {
    await new FaceClient(address).watch().catch((error) => said.push(error.message));
  }
  return said;
}

/** More than the network takes, and then more. */
export async function overflow(modules, server) {
  const { FaceClient } = await import(`${modules}/client/face_client.js`);
  const client = new FaceClient(server);
  let reason = null;
  client.onclose = (error) => { reason = error?.code ?? "ended"; };
  await client.openSession({ ...AUDIO, sampleRate: 96_000 });
  let dropped = 0;
  for (let i = 0; i < 300; i += 1) dropped += !client.sendAudio(new Float32Array(9600));
  await until(() => reason || client.sendAudio(new Float32Array(960)));
  const end = await ending(client.end());
  client.close();
  return { dropped: dropped > 100, reason, end };
}

/** Every way not to come in. */
export async function refusals(modules, server, absent) {
  const { FaceClient } = await import(`${modules}/client/face_client.js`);
  const { SpeakClient } = await import(`${modules}/client/speak_client.js`);
  const codes = {};
  const meet = async (name, promise) => { codes[name] = await ending(promise); };
  await meet("no stream", new FaceClient(server).watch());
  await meet("nothing there", new FaceClient(absent).watch());
  await meet("no such address", new FaceClient(`${server}/elsewhere/?token=abc#here`).watch());
  await meet("no address", new FaceClient("mailto:nobody").watch());
  await meet("no voice", new SpeakClient(server).open({ language: "klingon" }));
  const left = new FaceClient(server);
  const opening = left.openSession(AUDIO);
  left.close();
  left.close();
  await meet("left", opening);
  await meet("end after leaving", left.end());
  await meet("end before opening", new FaceClient(server).end());
  const holder = new FaceClient(server);
  await holder.openSession(AUDIO);
  await meet("busy", new FaceClient(server).openSession(AUDIO));
  holder.close();
  return codes;
}

/** A connection that others end: says "open" when it is, and then why it ended. */
export async function ended(modules, server, say = () => {}) {
  const { FaceClient } = await import(`${modules}/client/face_client.js`);
  const client = new FaceClient(server);
  const closed = new Promise((resolve) => { client.onclose = resolve; });
  await client.openSession(AUDIO);
  say("open");
  await pause(1500);
  const end = await ending(client.end());
  const reason = await closed;
  return { code: reason?.code ?? null, end };
}

// In Node: `node lives.js FUNCTION ARGUMENT…`. Nothing ends the process but that nothing is held any more.
if (globalThis.process?.argv[1]?.endsWith("lives.js")) {
  const [name, ...values] = process.argv.slice(2);
  const say = (value) => console.log(JSON.stringify(value));
  const done = await { session, silence, alignment, secrets, overflow, refusals, ended }[name](...values, say);
  say(done);
}
