/** Writes what the stream does into the page: status, sentences, latency, counts. */

import { STAGES } from "./latency.js";

const PILL = {
  connecting: ["Connecting", "quiet"],
  waiting: ["Waiting", "quiet"],
  live: ["Live", "live"],
  ended: ["Ended", "quiet"],
  away: ["Server away", "warn"],
  "no-stream": ["Ready", "quiet"],
  asking: ["Asking", "quiet"],
  speaking: ["Listening", "live"],
  finishing: ["Finishing", "quiet"],
  failed: ["Stopped", "warn"],
  left: ["Ready", "quiet"],
};

/** What the pill says while somebody types and the face speaks. */
const SPEECH_PILL = {
  opening: ["Connecting", "quiet"],
  speaking: ["Speaking", "live"],
  paused: ["Paused", "quiet"],
};

const SENTENCES = {
  waiting: "Connected. The face begins when the server has something to say.",
  ended: "The stream has ended. The next one starts here by itself.",
  "no-stream": "Press Speak and lend the face your voice, or type what it says.",
};

/** How long a sentence about a failure stays, while the face goes on. */
const READING_MS = 7000;

/** What does not wipe such a sentence away. */
const QUIET = ["connecting", "waiting", "live", "ended", "no-stream"];

/** Why there is no sound to be switched on, by state of the feed. */
const NO_SOUND = {
  "no-stream": "What is typed is heard anyway; Sound plays a live stream, and there is none.",
  asking: "Sound is off while you speak: you would hear yourself.",
  speaking: "Sound is off while you speak: you would hear yourself.",
  finishing: "Sound is off while you speak: you would hear yourself.",
  failed: "Sound plays a live stream; there is none now.",
  left: "What is typed is heard anyway; Sound plays the live stream.",
};

/** The stages' names in docs/latency.md, and what happens there. */
const STAGE_LABELS = {
  queue: "queue: waits its turn",
  encode: "encode: hears sound",
  decode: "decode: makes the face",
  face: "face: blinks, profile",
  send: "send: leaves the server",
  transport: "network",
  page: "this page: until drawn",
};

const byId = (id) => document.getElementById(id);
const milliseconds = (value) => (value === undefined || value === null ? "–" : value.toFixed(value < 9.95 ? 1 : 0));

export class Readout {
  constructor() {
    this._server = "this server";
    this._spoke = false;
    this._servedBy = null;
    this._failure = null;
    for (const stage of STAGES) this._addStage(stage);
  }

  /** Name the server that hears what is said here. @param {string} address */
  server(address) {
    this._server = hostOf(address);
    byId("server-name").textContent = this._server;
  }

  /** Learn which command starts the server; an empty one: a program of somebody's own does. @param {string} command */
  servedBy(command) {
    this._servedBy = command;
  }

  /**
   * Show the state of the page.
   * @param {import("./feed.js").FeedState} state
   * @param {string} sentence what went wrong, if anything
   * @param {import("../speech/speech_player.js").SpeechState | null} speech of what is typed, while it shows the face
   */
  state(state, sentence, speech = null) {
    const [text, tone] = SPEECH_PILL[speech] ?? PILL[state];
    byId("pill-text").textContent = text;
    byId("pill").dataset.tone = tone;
    this._spoke ||= speech === "speaking";
    this.notice(this._sentence(state, sentence, speech));
    const speaking = state === "speaking" || state === "asking";
    byId("speak").dataset.on = String(speaking);
    byId("speak-text").textContent = speaking ? "Stop listening" : "Speak";
    byId("speak").disabled = state === "finishing";
    const reason = NO_SOUND[speech === null ? state : "left"] ?? "";
    byId("sound").disabled = Boolean(reason);
    byId("sound-why").textContent = state === "no-stream" ? NO_SOUND[state] : reason;
  }

  _sentence(state, sentence, speech) {
    if (state === "failed" && sentence) this._fail(sentence);
    if (state === "asking" || speech === "speaking") this._failure = null;
    if (this._failure && QUIET.includes(state)) return this._failure;
    if (SPEECH_PILL[speech] || (state === "no-stream" && this._spoke)) return "";
    if (state === "asking") return `Please allow the microphone. Its sound goes to ${this._server}, and is not kept.`;
    if (state === "away") return awaySentence(this._servedBy);
    return sentence || SENTENCES[state] || "";
  }

  /** Say beside the face, which goes on, why something failed. */
  problem(sentence) {
    this._fail(sentence);
    this.notice(sentence);
  }

  /** Say why something failed until it has been read. */
  _fail(sentence) {
    this._failure = sentence;
    clearTimeout(this._forgetting);
    this._forgetting = setTimeout(() => {
      if (this._noticed === this._failure) this.notice("");
      this._failure = null;
    }, READING_MS);
  }

  /** Show a sentence over the face, or nothing. Words in backticks are set as code. */
  notice(sentence) {
    // The same sentence again would be read out again.
    if (sentence === this._noticed) return;
    this._noticed = sentence;
    byId("notice").replaceChildren(...sentence.split("`").map((part, i) => {
      if (i % 2 === 0) return part;
      const code = document.createElement("code");
      code.textContent = part;
      return code;
    }));
  }

  /**
   * Show what a stream is.
   * @param {object} hello
   * @param {boolean} typed whether it is of what is typed, and so known ahead
   */
  hello(hello, typed = false) {
    const ms = (samples) => Math.round((samples * 1000) / hello.sample_rate);
    byId("engine").textContent = hello.engine;
    byId("lookahead-now").textContent = typed ? "not needed for text" : `${ms(hello.lookahead)} ms, in steps of ${ms(hello.hop)} ms`;
    byId("latency-note").textContent = hello.lookahead
      ? `The ${ms(hello.lookahead)} ms of look-ahead are waited for on purpose and come on top.` : "";
    this._nominal = hello.frame_rate[0] / hello.frame_rate[1];
  }

  counts(frames, dropped, frameRate) {
    byId("frames").textContent = frames.toLocaleString("en");
    byId("dropped").textContent = dropped.toLocaleString("en");
    const nominal = this._nominal ? ` of ${Number(this._nominal.toFixed(2))}` : "";
    byId("frame-rate").textContent = frameRate === null ? "–" : `${frameRate.toFixed(1)}${nominal} fps`;
  }

  /** Show the latency, as LatencyStats.summary() gives it. */
  latency(summary) {
    byId("latency-p50").textContent = milliseconds(summary?.total.p50);
    byId("latency-p99").textContent = milliseconds(summary?.total.p99);
    for (const stage of STAGES) {
      const row = byId(`stage-${stage}`);
      row.cells[1].textContent = milliseconds(summary?.[stage].p50);
      row.cells[2].textContent = milliseconds(summary?.[stage].p99);
      byId(`bar-${stage}`).style.flexGrow = String(summary?.[stage].p50 ?? 0);
    }
  }

  _addStage(stage) {
    const row = byId("latency-stages").insertRow();
    row.id = `stage-${stage}`;
    row.style.setProperty("--tone", `var(--stage-${stage})`);
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = STAGE_LABELS[stage];
    row.append(head);
    for (const text of ["–", "–"]) row.insertCell().textContent = text;
    const part = document.createElement("i");
    part.id = `bar-${stage}`;
    part.style.setProperty("--tone", `var(--stage-${stage})`);
    part.style.flexGrow = "0";
    byId("latency-bar").append(part);
  }
}

/** What to do when the server is gone, by the command that starts it; null: nothing is known of it. */
function awaySentence(command) {
  if (command === "") return "The program that shows this face has ended. Start it again; this page finds it by itself.";
  const start = command ? `Start \`${command}\` again` : "Start it with `facewire live` or `facewire serve`";
  return `The server is away. ${start}; this page finds it by itself.`;
}

function hostOf(address) {
  try {
    return new URL(address).host;
  } catch {
    return address;
  }
}
