/**
 * Speaks typed text: turns of speech from the server, played, with the face for what is heard now.
 *
 * The sound leads: its clock says which sample is at the listener's ear, the face is drawn for that
 * sample, and the server is told, so that it keeps as far ahead as it was asked to.
 */

import { leftError } from "../client/face_error.js";
import { FramePlayout } from "../client/frame_playout.js";
import { pause } from "../client/pause.js";
import { SpeakClient } from "../client/speak_client.js";
import { SpeechSound } from "./speech_sound.js";
import { TurnList } from "./turn_list.js";

const LEAD_MS = 400;
const PLAYOUT_EVERY_MS = 2000;
const LOOK_EVERY_MS = 50;
const SOUND_PATIENCE_MS = 2000;
/** As long as sound that was late may wait to be played: half a minute at 60 frames a second. */
const KEPT_FRAMES = 1800;

/**
 * @typedef {"closed" | "opening" | "resting" | "speaking" | "paused" | "failed"} SpeechState
 *   resting: connected, and the face lives, but nobody speaks
 */

export class SpeechPlayer {
  /**
   * @param {string} server
   * @param {{onstate: (state: SpeechState, error: import("../client/face_client.js").FaceError | null) => void,
   *   onhello: (hello: object) => void, onframe: (frame: import("../client/face_client.js").Frame) => void,
   *   onturnend: (end: object) => void, onproblem: (sentence: string) => void,
   *   onsound: (sentence: string) => void}} listener onsound: why nothing is heard; empty when it is again
   */
  constructor(server, listener) {
    this._server = server;
    this._listener = listener;
    /** @type {SpeechState} */
    this.state = "closed";
    /** @type {SpeakClient | null} */
    this.client = null;
    this.frames = new FramePlayout(KEPT_FRAMES);
    this._sound = new SpeechSound({
      onshift: () => this._tellPlayout(),
      onstate: (state) => this._soundChanged(state),
      onsound: (sentence) => listener.onsound(sentence),
    });
    this._turns = new TurnList();
    /** How many texts wait for the connection and the sound; stop() forgets them. */
    this._asked = { count: 0 };
    this._holding = false;
    /** Whether it is the browser that paused. */
    this._stopped = false;
    this._toldMs = 0;
    this._timer = null;
    this._hello = null;
    this._disposed = false;
    /** @type {Record<string, number> | null} what the voice feels */
    this._emotion = null;
    /** When somebody spoke last, performance.now(). */
    this.idleSinceMs = 0;
  }

  /** How many turns are spoken or wait for it. */
  get pending() {
    return this._turns.length + this._asked.count;
  }

  /** Whether a turn is spoken or waits for it. @param {number} turn */
  isPending(turn) {
    return this._turns.has(turn);
  }

  /** What the turns are heard by, once something was said. @type {import("../sound/sound_player.js").SoundPlayer | null} */
  get sound() {
    return this._sound.player;
  }

  /** The sample at the listener's ear, or null as long as there is no sound. */
  get heard() {
    return this._sound.state === "stopped" && this.state !== "paused" ? null : this._sound.heard;
  }

  /** The turn that is heard now, or 0. */
  get hearing() {
    const { heard } = this;
    return heard === null || this._holding ? 0 : this._turns.at(heard);
  }

  /**
   * Connect, if that is not done yet.
   * @param {{voice?: string, language?: string, rate?: number, pitch?: number}} voice
   * @returns {Promise<object>} the hello
   * @throws {FaceError} there is no connection, for a reason in words
   */
  open(voice) {
    if (this._disposed) return Promise.reject(leftError());
    if (this._hello) return this._hello;
    this._say("opening");
    const client = new SpeakClient(this._server);
    this.client = client;
    this._listenTo(client);
    this.idleSinceMs = performance.now();
    const asked = this._emotion;
    this._hello = client.open({ ...voice, emotion: asked, leadMs: LEAD_MS }).then((hello) => {
      if (client !== this.client) throw leftError();
      // What was chosen while the connection was opened.
      if (this._emotion !== asked) client.setEmotion(this._emotion);
      this.frames.reset(hello.sample_rate);
      this._listener.onhello(hello);
      this._say("resting");
      this._timer = setInterval(() => this._look(), LOOK_EVERY_MS);
      return hello;
    });
    const hello = this._hello;
    // Who only wakes it need not listen: the state tells the same.
    hello.catch(() => {});
    return hello;
  }

  /** Let the voice feel something else from the next face on. @param {Record<string, number> | null} emotion */
  setEmotion(emotion) {
    this._emotion = emotion;
    if (this.client?.hello) this.client.setEmotion(emotion);
  }

  /** Connect as open() does, and start the sound, before there is anything to say; call it from a click or a key. */
  prepare(voice) {
    return this._ready(voice);
  }

  /** Leave, in silence. */
  close() {
    this._reset();
    this._say("closed");
  }

  /** Leave for good, and give everything back. */
  dispose() {
    this._disposed = true;
    this.close();
  }

  /**
   * Say something; call it from a click or a key: browsers start sound only then.
   * @param {string} text
   * @param {{cut?: boolean, voice?: object}} [options] cut: interrupt what is spoken, instead of waiting;
   *   voice: as for open(), if there is no connection yet
   * @returns {Promise<number>} the turn's number
   * @throws {FaceError} there is no connection, for a reason in words, or it was stopped before it began
   */
  async say(text, { cut = false, voice = {} } = {}) {
    const asked = this._asked;
    asked.count += 1;
    try {
      await this._ready(voice);
    } finally {
      asked.count -= 1;
    }
    if (asked !== this._asked) throw leftError();
    const interrupts = cut && this._turns.length > 0;
    if (interrupts) this._hold();
    const turn = this._turns.add();
    this.client.say(turn, text, interrupts ? "cut" : "queue");
    if (interrupts || this.state !== "paused") this._say("speaking");
    return turn;
  }

  /** Fall silent now, forget what waits, and let the face come to rest. */
  stop() {
    if (!this.pending) return;
    this._asked = { count: 0 };
    if (this._turns.length) {
      this._hold();
      this.client.interrupt();
    }
    if (this.state !== "opening") this._say("resting");
  }

  /** Stand still, sound and face. */
  pause() {
    if (this.state !== "speaking") return;
    const { heard } = this;
    this._sound.pause();
    this.client.pause(heard);
    this._say("paused");
  }

  /** Go on where it stood still. */
  async resume() {
    if (this.state !== "paused") return;
    this._stopped = false;
    this._say("speaking");
    this.client.resume();
    await this._sound.resume();
    this._tellPlayout();
  }

  /**
   * What to draw, or null if what is on the screen is still right.
   * @param {number} nowMs performance.now()
   * @param {number} aheadMs how much later it will be seen
   */
  at(nowMs, aheadMs) {
    const { heard } = this;
    if (heard === null || this._holding || this.state === "paused") return this.frames.at(nowMs, heard);
    return this.frames.at(nowMs, heard + (aheadMs * this.client.hello.sample_rate) / 1000);
  }

  /** Wait for the connection, and for the sound as long as that makes sense. */
  async _ready(voice) {
    const opening = this.open(voice);
    const { client } = this;
    if (!this._disposed) this._sound.open(client?.hello?.sample_rate);
    const hello = await opening;
    if (this.state === "resting" && this.pending) this._say("speaking");
    await Promise.race([this._sound.ready, pause(SOUND_PATIENCE_MS)]);
    if (!client || client !== this.client) throw leftError();
    this._sound.begin(hello);
  }

  /** Sound that the browser stops in the middle, as for a call, is waited for. */
  _soundChanged(state) {
    const { heard } = this._sound;
    if (state === "stopped" && this.state === "speaking" && heard !== null) {
      this._stopped = true;
      this.client.pause(heard);
      this._say("paused");
    } else if (state === "running" && this._stopped) {
      void this.resume();
    }
  }

  _listenTo(client) {
    client.onframe = (frame) => this._takeFrame(frame);
    client.onaudio = ({ turn, start, samples }) => {
      if (!this._turns.isStopped(turn)) this._sound.push(start, samples);
    };
    client.onturn = (turn) => this._begin(turn);
    client.onturnend = (end) => this._end(end);
    client.oninterrupted = (answer) => this._interrupted(answer);
    client.onproblem = ({ message }) => this._listener.onproblem(message);
    client.onclose = (reason) => {
      this._reset();
      this._say("failed", reason);
    };
  }

  _takeFrame(frame) {
    // Whatever was on its way when its turn was stopped is never shown.
    if (this._turns.isStopped(frame.turn)) return;
    this.frames.push(frame);
    this._listener.onframe(frame);
  }

  _begin({ turn, sample }) {
    if (!this._turns.begin(turn, sample)) return;
    this._holding = false;
    this._sound.expect(sample);
  }

  _end(message) {
    if (this._turns.end(message.turn, message.sample)) this._listener.onturnend(message);
  }

  /** Silence first; the clock stands still until the server says where it goes on. */
  _hold() {
    if (this.state === "paused") void this._sound.resume();
    this._stopped = false;
    const heard = this._sound.hold();
    this._holding = true;
    this._turns.stopAll();
    // Without a time it means now, when the server reads it: right before the interrupt.
    if (heard !== null) this.client.setPlayout(heard);
  }

  _interrupted({ type, turn, dropped, sample, frame }) {
    if (type === "interrupted") {
      const over = [turn, ...dropped];
      this.frames.drop((one) => (frame === null ? over.includes(one.turn) : one.index > frame));
    }
    if (!this._holding) return;
    this._holding = false;
    const held = this.heard;
    if (held !== null) this._sound.goOn(sample === null || sample === undefined ? held : sample + 1);
  }

  _tellPlayout() {
    const { due } = this._sound;
    if (due === null || this._holding || this.state === "paused") return;
    this._toldMs = performance.now();
    this.client.setPlayout(due, this._toldMs);
  }

  /** See which turns are over, also where nothing is drawn because nobody looks. */
  _look() {
    // Without sound, the frames that came tell where the speech is.
    const place = this.heard ?? (this._sound.state === "opening" ? null : this.frames.dueAt(performance.now()));
    if (place !== null) this._turns.forgetBefore(place);
    if (this.pending) this.idleSinceMs = performance.now();
    if (this.state === "speaking" && !this.pending) this._say("resting");
    if (performance.now() - this._toldMs > PLAYOUT_EVERY_MS) this._tellPlayout();
  }

  _reset() {
    clearInterval(this._timer);
    this.client?.close();
    this._sound.close();
    this.client = this._hello = null;
    this._turns.reset();
    this._asked = { count: 0 };
    this._holding = this._stopped = false;
    this.frames.reset(16_000);
  }

  _say(state, error = null) {
    if (state === this.state && !error) return;
    this.state = state;
    this._listener.onstate(state, error);
  }
}
