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
const TALK_PILL = {
  opening: ["Connecting", "quiet"],
  speaking: ["Speaking", "live"],
  paused: ["Paused", "quiet"],
};

const SENTENCES = {
  waiting: "Connected. The face begins when the server has something to say.",
  ended: "The stream has ended. The next one starts here by itself.",
  away: "The server is away. Start it with `facewire live`; this page finds it by itself.",
  "no-stream": "Press Speak and lend the face your voice, or type what it says.",
  asking: "Please allow the microphone.",
};

const STAGE_LABELS = { queue: "queue", encode: "encode", decode: "decode", face: "face", send: "send", transport: "network", page: "this page" };

const byId = (id) => document.getElementById(id);
const milliseconds = (value) => (value === undefined || value === null ? "–" : value.toFixed(value < 9.95 ? 1 : 0));

export class Readout {
  constructor() {
    this._spoke = false;
    for (const stage of STAGES) this._addStage(stage);
  }

  /** Show the state of the feed. @param {import("./feed.js").FeedState} state */
  state(state, sentence, talk = null) {
    const [text, tone] = TALK_PILL[talk] ?? PILL[state];
    byId("pill-text").textContent = text;
    byId("pill").dataset.tone = tone;
    this._spoke ||= talk === "speaking";
    const known = TALK_PILL[talk] || (state === "no-stream" && this._spoke);
    this.notice(known ? "" : sentence || SENTENCES[state] || "");
    const speaking = state === "speaking";
    byId("speak").setAttribute("aria-pressed", String(speaking || state === "asking"));
    byId("speak-text").textContent = speaking || state === "asking" ? "Stop listening" : "Speak";
    byId("speak").disabled = state === "finishing";
    byId("sound").disabled = !["live", "waiting", "connecting", "ended", "away"].includes(state) || talk !== null;
  }

  /** Show a sentence over the face, or nothing. Words in backticks are set as code. */
  notice(sentence) {
    // The same sentence again would be read out again.
    if (sentence === this._noticed) return;
    this._noticed = sentence;
    const notice = byId("notice");
    notice.hidden = !sentence;
    notice.replaceChildren(...sentence.split("`").map((part, i) => {
      if (i % 2 === 0) return part;
      const code = document.createElement("code");
      code.textContent = part;
      return code;
    }));
  }

  hello(hello) {
    const ms = (samples) => Math.round((samples * 1000) / hello.sample_rate);
    byId("engine").textContent = hello.engine;
    byId("lookahead-now").textContent = `${ms(hello.lookahead)} ms, hop ${ms(hello.hop)} ms`;
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
