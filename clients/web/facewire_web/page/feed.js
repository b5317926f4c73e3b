/**
 * Keeps the page supplied with faces: watches the live stream and comes back when the server does,
 * or speaks through a session of its own.
 */

import { FaceClient, FaceError } from "../client/face_client.js";
import { isAway } from "../client/face_error.js";
import { pause } from "../client/pause.js";
import { Microphone } from "../sound/microphone.js";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;
const END_PATIENCE_MS = 2000;

/**
 * @typedef {"connecting" | "waiting" | "live" | "ended" | "away" | "no-stream" | "asking" |
 *   "speaking" | "finishing" | "failed" | "left"} FeedState
 *   left: somebody else shows the face; asking: for the microphone; finishing: the last frames of a session; failed: see the sentence
 */

export class Feed {
  /**
   * @param {string} server
   * @param {{onstate: (state: FeedState, sentence: string) => void, onhello: (hello: object) => void,
   *   onframe: (frame: import("../client/face_client.js").Frame) => void, onlookahead: (hello: object) => void,
   *   onaudio: (start: number, samples: Int16Array) => void, onmicrophone: () => void}} listener
   *   onmicrophone: it was lent, a session begins: whoever showed the face meanwhile makes room
   */
  constructor(server, listener) {
    this._server = server;
    this._listener = listener;
    /** @type {FeedState} */
    this.state = "connecting";
    /** @type {FaceClient | null} */
    this.client = null;
    /** @type {Microphone | null} */
    this.microphone = null;
    /**
     * What was chosen last for the voice.
     * @type {{lookaheadMs: number, emotion: Record<string, number> | null, style: Record<string, number> | null}}
     */
    this._wanted = { lookaheadMs: 0, emotion: null, style: null };
    this._audio = false;
    this._retryMs = FIRST_RETRY_MS;
    this._timer = null;
    /** Ends with what is shown now: whatever it asked for and comes later is given back. */
    this._attempt = new AbortController();
    this._disposed = new AbortController();
    // A page that is looked at again, or has a network again, need not wait for the next try.
    const again = () => !document.hidden && this.state === "away" && this._watchAgain(0);
    document.addEventListener("visibilitychange", again, { signal: this._disposed.signal });
    addEventListener("online", again, { signal: this._disposed.signal });
  }

  /**
   * Watch the live stream, from now on.
   * @param {{audio?: boolean, quietly?: boolean}} [options] quietly: keep saying what was said last
   */
  watch({ audio = this._audio, quietly = false } = {}) {
    if (this._disposed.signal.aborted) return;
    this._audio = audio;
    this._drop();
    if (!quietly) this._say("connecting");
    const client = this._adopt(new FaceClient(this._server));
    client.onopen = () => this._say("waiting");
    client.onclose = (reason) => this._watchEnded(reason);
    client.watch({ audio }).then((hello) => {
      if (client !== this.client) return;
      this._retryMs = FIRST_RETRY_MS;
      this._listener.onhello(hello);
      this._say("live");
    }, () => {});
  }

  /**
   * Speak with the microphone of this browser; call it from a click.
   * @param {{lookaheadMs: number, emotion?: Record<string, number> | null, style?: Record<string, number> | null}} options
   */
  async speak({ lookaheadMs, emotion = null, style = null }) {
    if (this._disposed.signal.aborted) return;
    this._drop();
    this._say("asking");
    this._wanted = { lookaheadMs, emotion, style };
    const { signal } = this._attempt;
    try {
      const microphone = await Microphone.open({ signal });
      if (signal.aborted) return void microphone.close();
      this.microphone = microphone;
      this._listener.onmicrophone();
      const client = this._adopt(new FaceClient(this._server));
      const asked = { ...this._wanted };
      const hello = await client.openSession({ sampleRate: microphone.sampleRate, ...asked });
      if (signal.aborted) return undefined;
      // What was chosen while the session was opened.
      if (this._wanted.lookaheadMs !== asked.lookaheadMs) client.setLookahead(this._wanted.lookaheadMs);
      if (this._wanted.emotion !== asked.emotion) client.setEmotion(this._wanted.emotion);
      client.onclose = (reason) => this._fail(reason ?? new FaceError("The server ended the session.", "closed"));
      microphone.onlost = (error) => this._fail(error);
      this._listener.onhello(hello);
      microphone.start((samples) => client.sendAudio(samples));
      this._say("speaking");
    } catch (error) {
      if (!signal.aborted) this._fail(error);
    }
    return undefined;
  }

  /**
   * Let the session listen further ahead, or less far, if there is one.
   * @param {number} ms
   */
  setLookahead(ms) {
    this._wanted.lookaheadMs = ms;
    if (this.state === "speaking") this.client.setLookahead(ms);
  }

  /** Let the session's voice feel something else, if there is one. @param {Record<string, number> | null} emotion */
  setEmotion(emotion) {
    this._wanted.emotion = emotion;
    if (this.state === "speaking") this.client.setEmotion(emotion);
  }

  /**
   * Let the face of the microphone move in a style: one that speaks does so in a session of its own.
   * @param {Record<string, number> | null} style
   */
  setStyle(style) {
    if (this.state === "speaking" || this.state === "asking") void this.speak({ ...this._wanted, style });
  }

  /** Stop speaking, let the last words be shown, and go back to watching. */
  async stop() {
    const { client, state } = this;
    const { signal } = this._attempt;
    this.microphone?.close();
    this.microphone = null;
    if (state === "speaking") {
      this._say("finishing");
      client.onclose = null;
      await Promise.race([client.end().catch(() => {}), pause(END_PATIENCE_MS)]);
      if (signal.aborted) return;
    }
    this.watch();
  }

  /** Let somebody else show the face. */
  leave() {
    this._drop();
    this._say("left");
  }

  /** Give everything back, for good. */
  dispose() {
    this.leave();
    this._disposed.abort();
  }

  _adopt(client) {
    this.client = client;
    client.onframe = (frame) => this._listener.onframe(frame);
    client.onaudio = (start, samples) => this._listener.onaudio(start, samples);
    client.onlookahead = (hello) => this._listener.onlookahead(hello);
    return client;
  }

  _drop() {
    clearTimeout(this._timer);
    this._attempt.abort();
    this._attempt = new AbortController();
    this.client?.close();
    this.client = null;
    this.microphone?.close();
    this.microphone = null;
  }

  _watchEnded(reason) {
    if (reason?.code === "no-stream") return this._say("no-stream");
    if (reason && !isAway(reason)) this._say("failed", reason.message);
    else this._say(reason ? "away" : "ended");
    // No server is found where none can be.
    if (reason?.code === "bad-address") return undefined;
    this._watchAgain(this._retryMs * (0.8 + 0.4 * Math.random()));
    this._retryMs = Math.min(LAST_RETRY_MS, this._retryMs * 2);
    return undefined;
  }

  _watchAgain(afterMs) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.watch({ quietly: true }), afterMs);
  }

  /** Speaking failed: say why, and watch again at once, so that the face goes on. */
  _fail(error) {
    this._drop();
    this._say("failed", error.message);
    this.watch({ quietly: true });
  }

  _say(state, sentence = "") {
    this.state = state;
    this._listener.onstate(state, sentence);
  }
}
