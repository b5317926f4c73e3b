/**
 * The viewer page. What it shows can be inspected through `window.facewire` (see README.md).
 *
 * Address: `?server=ws://host:port` watches another server once somebody agreed, `?pose=jawOpen:0.8,mouthSmile:0.5` draws a
 * still pose without any server, `?view=face` leaves everything but the face away.
 */

import { Curves } from "./page/curves.js";
import { Dialogue } from "./page/dialogue.js";
import { EmotionCard } from "./page/emotion_card.js";
import { FaceView } from "./face/face_view.js";
import { Feed } from "./page/feed.js";
import { LatencyStats } from "./page/latency.js";
import { aboutServer, chooseServer } from "./page/other_server.js";
import { FramePlayout } from "./client/frame_playout.js";
import { calmPose, neutralPose, parsePose } from "./client/pose.js";
import { Readout } from "./page/readout.js";
import { SILENT, SoundPlayer } from "./sound/sound_player.js";
import { StyleCard } from "./page/style_card.js";
import { TypedSpeech } from "./page/typing/typed_speech.js";

const READOUT_EVERY_MS = 400;
const LEVEL_GAIN = 7;
const SOUND_SPARE_S = 0.08;

const query = new URLSearchParams(location.search);
const byId = (id) => document.getElementById(id);

const face = new FaceView(byId("face"));
/** What shows the pose: the drawn face, or an avatar of one's own. @type {FaceView | import("./avatar/avatar_view.js").AvatarView} */
let view = face;
const curves = new Curves(byId("curves"));
const readout = new Readout();
/** Somebody who asks for less motion gets the mouth, and nothing that moves without a word. */
const lessMotion = matchMedia("(prefers-reduced-motion: reduce)");
const playout = new FramePlayout();
const latency = new LatencyStats();
/** What the live stream is heard by, while Sound is on. @type {SoundPlayer | null} */
let sound = null;
let readAt = 0;
let firstShown = null;

/** What the page shows, for tests and for the console. */
const inspection = {
  state: "still",
  sentence: "",
  hello: null,
  lastFrame: null,
  frames: 0,
  dropped: 0,
  drawnFrames: 0,
  latency: null,
  /** What is typed and spoken; see speech/speech_player.js. */
  speech: null,
  /** The live stream's; see sound/sound_player.js. */
  get sound() {
    return sound;
  },
  /** What the server is; see aboutServer of page/other_server.js. */
  about: null,
  /** What is talked about with the server's agent; see page/dialogue.js. */
  dialogue: null,
  /** How far face and sound are apart; see page/sync_meter.js. */
  sync: null,
  get drawn() {
    return view.drawn;
  },
  get pose() {
    return view.pose;
  },
  /** What is known of an avatar of one's own that is shown, or null; see avatar/avatar_view.js. */
  get avatar() {
    return view === face ? null : { name: view.name, ...view.about };
  },
};
window.facewire = inspection;

document.body.classList.toggle("face-only", query.get("view") === "face");
face.draw(neutralPose());
if (query.has("pose")) showStill(query.get("pose"));
else void chooseServer(query.get("server"), document.querySelector(".picture")).then(goLive);
// After the drawn face is on the screen: it waits for nobody.
requestAnimationFrame(() => setTimeout(() => takeAvatars().catch(onlyDrawn)));

async function takeAvatars() {
  const { OwnAvatar } = await import("./page/own_avatar.js");
  const listener = { onview: show, onproblem: (sentence) => readout.problem(sentence), onloading };
  await new OwnAvatar(listener).begin(query.get("avatar"));
}

/** The server went away before the page had all of itself; that it is away is said already. */
function onlyDrawn(error) {
  if (!(error instanceof TypeError)) throw error;
}

function onloading(loading) {
  if (loading) latency.beginLoading();
  else latency.endLoading(performance.now());
}

/** Let somebody else show the pose, from now on. */
function show(avatar) {
  const { pose } = view;
  view = avatar ?? face;
  view.draw(pose);
}

function showStill(text) {
  byId("pill-text").textContent = "Still";
  for (const control of document.querySelectorAll(".stage :is(button, input, textarea), .voice :is(input, select)")) control.disabled = true;
  try {
    const pose = parsePose(text);
    view.draw(pose);
    curves.push(performance.now(), pose);
    curves.draw(performance.now());
  } catch (error) {
    readout.notice(error.message);
  }
}

function goLive(server) {
  readout.server(server);
  const feed = new Feed(server, { onstate, onhello: onmine, onframe, onaudio, onlookahead, onmicrophone: () => speech.leave() });
  const speech = new TypedSpeech(server, {
    isFree: () => !["asking", "speaking", "finishing"].includes(feed.state),
    ontake: () => takeFace(feed),
    ongive: () => giveFace(feed),
    onstate: () => writeState(feed, speech),
    onsleep: () => view.draw(neutralPose()),
    onhello: (hello) => {
      styles.offer(hello.styles);
      onhello(hello, { typed: true });
    },
    onframe: countFrame,
  });
  inspection.speech = speech.player;
  inspection.sync = speech.meter;
  const dialogue = new Dialogue(server, speech, () => {
    restSound();
    if (["speaking", "asking"].includes(feed.state)) void feed.stop();
  });
  inspection.dialogue = dialogue;
  const feelings = new EmotionCard((emotion) => {
    feed.setEmotion(emotion);
    speech.setEmotion(emotion);
  });
  const styles = new StyleCard((style) => feed.setStyle(style));
  let about = null;
  const learn = (told) => {
    inspection.about = told;
    dialogue.offer(told.agent);
    readout.servedBy(told.servedBy);
  };
  byId("speak").addEventListener("click", () => {
    dialogue.stop();
    toggleSpeech(feed, speech, { emotion: feelings.emotion, style: styles.style });
  });
  byId("sound").addEventListener("click", () => toggleSound(feed, speech));
  byId("lookahead").addEventListener("input", () => {
    writeLookahead(lookaheadMs());
    feed.setLookahead(lookaheadMs());
  });
  feed.watch();
  requestAnimationFrame(function tick(nowMs) {
    animate(feed, speech, nowMs);
    requestAnimationFrame(tick);
  });

  function onstate(state, sentence) {
    inspection.state = state;
    inspection.sentence = sentence;
    writeState(feed, speech);
    if (state === "no-stream") speech.stay();
    // What comes back may be another server.
    if (state === "away") about = null;
    else if (["waiting", "live", "no-stream"].includes(state)) about ??= aboutServer(server).then(learn);
    if (state === "asking" && !speech.hasFace) view.draw(neutralPose());
  }

  function onmine(hello) {
    styles.offer(hello.styles);
    onhello(hello);
    // What the engine can do may be less than what was asked for.
    if (feed.state === "asking") writeLookahead((hello.lookahead * 1000) / hello.sample_rate);
  }
}

function writeState(feed, speech) {
  const silence = sound?.state === "stopped" && feed.state === "live" ? SILENT : "";
  readout.state(feed.state, inspection.sentence || silence, speech.hasFace ? speech.player.state : null);
}

/** Show what is typed: the live stream and the microphone make room. */
function takeFace(feed) {
  restSound();
  if (feed.state !== "no-stream") feed.leave();
}

/** Show the live stream again, if there is one. */
function giveFace(feed) {
  view.draw(neutralPose());
  if (feed.state === "left" || feed.state === "no-stream") feed.watch({ quietly: feed.state === "no-stream" });
}

function toggleSpeech(feed, speech, wanted) {
  restSound();
  speech.player.stop();
  if (feed.state === "speaking" || feed.state === "asking") void feed.stop();
  else void feed.speak({ lookaheadMs: lookaheadMs(), ...wanted });
}

function toggleSound(feed, speech) {
  if (sound) {
    sound.close();
    sound = null;
  } else {
    openSound(feed, speech);
  }
  byId("sound").setAttribute("aria-pressed", String(sound !== null));
  feed.watch({ audio: sound !== null });
}

function openSound(feed, speech) {
  try {
    sound = new SoundPlayer({ sampleRate: inspection.hello?.sample_rate });
    sound.onstate = () => writeState(feed, speech);
  } catch {
    readout.notice(SILENT);
  }
}

/** While somebody else has the face, nothing is to be heard. */
function restSound() {
  sound?.pause().catch(() => {});
}

function writeLookahead(ms) {
  const text = `${Math.round(ms)} ms`;
  byId("lookahead").value = String(ms);
  byId("lookahead").setAttribute("aria-valuetext", text);
  byId("lookahead-ms").textContent = text;
}

function lookaheadMs() {
  return Number(byId("lookahead").value);
}

function onhello(hello, { typed = false } = {}) {
  inspection.hello = hello;
  inspection.frames = 0;
  inspection.dropped = 0;
  playout.reset(hello.sample_rate);
  curves.reset();
  latency.reset();
  if (!typed) beginSound(hello);
  readout.hello(hello, typed);
}

function beginSound({ sample_rate: sampleRate, lookahead, hop }) {
  sound?.begin({ sampleRate, delayS: (lookahead + hop) / sampleRate + SOUND_SPARE_S, live: true });
}

function onlookahead(hello) {
  inspection.hello = hello;
  latency.reset();
  readout.hello(hello);
}

function onframe(frame) {
  playout.push(frame);
  curves.push(playout.evenMs(frame), frame.pose);
  countFrame(frame);
}

function countFrame(frame) {
  latency.arrived(frame.receivedMs);
  inspection.lastFrame = frame;
  inspection.frames += 1;
}

function onaudio(start, samples) {
  if (sound?.state === "paused") void sound.resume();
  sound?.push(start, samples);
}

/** The sample that is heard, or null where no sound keeps time. */
function heard() {
  return sound?.state === "running" ? sound.heard : null;
}

function animate(feed, speech, nowMs) {
  const shown = speech.hasFace ? speech.at(nowMs) : playout.at(nowMs, heard());
  const beganMs = performance.now();
  if (shown) {
    view.draw(lessMotion.matches ? calmPose(shown.pose) : shown.pose);
    if (shown.frame !== firstShown) {
      firstShown = shown.frame;
      // What is typed comes ahead of its time, so the curves follow what is drawn.
      if (speech.hasFace) curves.push(nowMs, shown.pose);
      inspection.drawnFrames += 1;
      latency.shown(shown.frame, performance.now());
    }
  }
  inspection.dialogue.look(nowMs, speech.hasFace ? shown : null);
  if (speech.hasFace) speech.measure(shown ? performance.now() - beganMs : 0);
  curves.draw(nowMs);
  speech.draw(nowMs);
  const level = Math.min(1, (feed.microphone?.level ?? 0) * LEVEL_GAIN);
  byId("speak").style.setProperty("--level", level.toFixed(2));
  if (nowMs - readAt > READOUT_EVERY_MS) {
    readAt = nowMs;
    writeReadout(feed, speech, nowMs);
  }
}

function writeReadout(feed, speech, nowMs) {
  inspection.dropped = speech.hasFace ? 0 : feed.client?.dropped ?? inspection.dropped;
  inspection.latency = latency.summary();
  readout.latency(inspection.latency);
  readout.counts(inspection.frames, inspection.dropped, latency.frameRate(nowMs));
  speech.write(nowMs);
}
