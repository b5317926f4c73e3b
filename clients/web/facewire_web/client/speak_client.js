/**
 * Turns of speech from a Facewire server: text in, sound and faces out, on one clock.
 *
 *     const client = new SpeakClient("ws://127.0.0.1:8765");
 *     client.onframe = (frame) => …;                  // frame.timestamp: with this sample
 *     client.onaudio = ({ turn, start, samples }) => …;
 *     await client.open({ language: "en-gb" });
 *     client.say(1, "Hello.");
 *
 * It plays nothing: see speech/speech_player.js for that. The messages are in docs/speak.md.
 */

import { Connection } from "./connection.js";
import { withoutAudio } from "./provider_message.js";
import { VERSION, encodeAudio } from "./wire.js";

/** Samples of one message, which has at most 1 MiB. */
const MESSAGE_SAMPLES = 65_536;

/** What the server tells about turns; each calls `on…` with the message. */
const ANSWERS = new Map([
  ["turn", "onturn"],
  ["words", "onwords"],
  ["turn_end", "onturnend"],
  ["interrupted", "oninterrupted"],
  ["not_interrupted", "oninterrupted"],
  ["problem", "onproblem"],
]);

export class SpeakClient extends Connection {
  /** @param {string} server such as "ws://127.0.0.1:8765"; http and https are understood too */
  constructor(server) {
    super(server);
    /** @type {((audio: {turn: number, start: number, samples: Int16Array}) => void) | null} */
    this.onaudio = null;
    /** @type {((turn: {turn: number, sample: number, at: number}) => void) | null} it begins */
    this.onturn = null;
    /** @type {((words: {turn: number, words: {word: string, start: number, end: number}[]}) => void) | null} */
    this.onwords = null;
    /** @type {((end: {turn: number, sample: number | null, face_lead_ms: object | null}) => void) | null} */
    this.onturnend = null;
    /** @type {((answer: object) => void) | null} what was heard of a turn, or why nothing was stopped */
    this.oninterrupted = null;
    /** @type {((problem: {turn: number, message: string}) => void) | null} */
    this.onproblem = null;
    /** Of turns of our own speech: how many samples were sent. */
    this._sent = new Map();
  }

  /**
   * Begin a stream of turns.
   * @param {{voice?: string, language?: string, rate?: number, pitch?: number, face?: "phones" | "latents", leadMs?: number, text?: boolean,
   *   sampleRate?: number, pacing?: "real-time" | "burst", emotion?: Record<string, number> | null}} options leadMs: how long before they are heard faces
   *   and sound leave the server; text: false where only speech of your own comes, for which no voice is needed;
   *   sampleRate: of that speech
   * @returns {Promise<object>} the hello
   */
  open({ leadMs, sampleRate, ...voice }) {
    const audio = { sample_rate: sampleRate, sample_format: "f32le" };
    return this._connect("speak", { type: "open", version: VERSION, lead_ms: leadMs, ...(sampleRate && audio), ...voice });
  }

  /**
   * Say a whole turn.
   * @param {number} turn higher than all before
   * @param {string} text
   * @param {"queue" | "cut"} mode whether it waits for the turns before it, or interrupts them
   */
  say(turn, text, mode = "queue") {
    this._send({ type: "text", turn, text, mode });
    this._send({ type: "end_turn", turn });
  }

  /**
   * Begin a turn of your own speech, whose audio follows.
   * @param {number} turn higher than all before
   * @param {{alignment?: boolean, mode?: "queue" | "cut"}} [options] alignment: times of what is said will be pushed, too
   */
  begin(turn, { alignment = false, mode = "queue" } = {}) {
    this._sent.set(turn, 0);
    this._send({ type: "speech", turn, mode, alignment });
  }

  /**
   * Send the next audio of a turn of your own, faster than it is heard if you can.
   * @param {number} turn
   * @param {Float32Array} samples at the rate that was opened
   */
  sendAudio(turn, samples) {
    for (let first = 0; first < samples.length && this._isOpen; first += MESSAGE_SAMPLES) {
      const run = samples.subarray(first, first + MESSAGE_SAMPLES);
      const start = this._sent.get(turn) ?? 0;
      this._sent.set(turn, start + run.length);
      this._socket.send(encodeAudio(run, start, turn));
    }
  }

  /**
   * Tell when something is said in the audio of a turn, before or after that is sent.
   * @param {number} turn that was begun with `alignment: true`
   * @param {string} format whose times they are, such as "elevenlabs"; docs/alignment.md lists them
   * @param {unknown} data what the provider sent; the sound in it stays here
   * @param {{offsetMs?: number}} [options] offsetMs: where their time 0 lies in the turn
   */
  pushAlignment(turn, format, data, { offsetMs = 0 } = {}) {
    this._send({ type: "alignment", turn, format, data: withoutAudio(format, data), offset_ms: offsetMs });
  }

  /** No more comes of a turn of your own. @param {number} turn */
  endTurn(turn) {
    this._sent.delete(turn);
    this._send({ type: "end_turn", turn });
  }

  /**
   * Let the speaker feel something else from the next face on.
   * @param {Record<string, number> | null} emotion shares in [0, 1], such as { happy: 0.8 }; null: what the
   *   server's profile says
   */
  setEmotion(emotion) {
    this._send({ type: "emotion", emotion });
  }

  /** Stop what is spoken, and all that waits. oninterrupted tells the outcome. */
  interrupt() {
    this._send({ type: "interrupt" });
  }

  /** Stand still. @param {number | null} sample the next to be heard, if any was heard yet */
  pause(sample) {
    this._send({ type: "pause", ...(sample !== null && { sample: Math.max(0, Math.round(sample)) }) });
  }

  resume() {
    this._send({ type: "resume" });
  }

  /**
   * Tell which sample is heard when.
   * @param {number} sample of the stream; one before the first means that the first is that much later
   * @param {number | null} atMs performance.now() of it; null means now, when the server reads it
   */
  setPlayout(sample, atMs = null) {
    const first = Math.max(0, sample);
    const message = { type: "playout", sample: Math.round(first) };
    if (atMs !== null && this.clock.ms !== null) {
      const laterMs = ((first - sample) * 1000) / this.hello.sample_rate;
      message.clock_ns = Math.round((atMs + laterMs + this.clock.ms) * 1e6);
    }
    this._send(message);
  }

  _take(message) {
    if (ANSWERS.has(message.type)) this._notify(ANSWERS.get(message.type), message);
  }

  _takeAudio({ turn, start, pcm }) {
    this._notify("onaudio", { turn, start, samples: new Int16Array(pcm) });
  }
}
