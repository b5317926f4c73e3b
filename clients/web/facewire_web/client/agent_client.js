/**
 * A conversation with the agent of a Facewire server: speech in, the text of the answers out.
 *
 * The server hears where speech begins and ends, and which answer is off because somebody spoke
 * over it. What is answered is said by whoever listens: see page/dialogue.js.
 */

import { FaceClient } from "./face_client.js";
import { VERSION } from "./wire.js";

/** What the server tells; each calls `on…` with the message. */
const TOLD = new Map([
  ["speech_started", "onspeechstart"],
  ["speech_ended", "onspeechend"],
  ["say", "onsay"],
  ["reply_end", "onreplyend"],
  ["problem", "onproblem"],
]);

export class AgentClient extends FaceClient {
  /** @param {string} server such as "ws://127.0.0.1:8765" */
  constructor(server) {
    super(server);
    /** @type {((started: {ms: number}) => void) | null} whatever is being said falls silent */
    this.onspeechstart = null;
    /** @type {((ended: {reply: number, ms: number, known_ms: number}) => void) | null} known_ms: how long ago that was */
    this.onspeechend = null;
    /** @type {((part: {reply: number, text: string, heard?: string}) => void) | null} heard: the question in the agent's words, if it knows them */
    this.onsay = null;
    /** @type {((end: {reply: number}) => void) | null} */
    this.onreplyend = null;
    /** @type {((problem: {reply: number, message: string}) => void) | null} */
    this.onproblem = null;
  }

  /**
   * Begin; then `sendAudio`.
   * @param {{sampleRate: number}} options
   * @returns {Promise<{agent: string, note: string}>} who answers, and what to know about how it listens
   */
  open({ sampleRate }) {
    this._sampleRate = sampleRate;
    void this._connect("agent", {
      type: "open", version: VERSION, sample_rate: sampleRate, sample_format: "f32le", channels: 1,
    });
    return this._expect("agent");
  }

  _take(message) {
    // There are no frames here whose meaning a hello would tell.
    if (message.type === "agent") this.hello = message;
    if (TOLD.has(message.type)) this._notify(TOLD.get(message.type), message);
  }
}
