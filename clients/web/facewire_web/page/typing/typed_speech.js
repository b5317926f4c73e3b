/**
 * What is typed on the page and spoken: ties the text box to its speech, and measures how far face and sound are apart.
 *
 * It shares the face with the feed (live stream, microphone): it has it while something is said, and
 * for as long as the feed has nothing to show.
 */

import { isAway } from "../../client/face_error.js";
import { SpeechPlayer } from "../../speech/speech_player.js";
import { SyncCard } from "../sync_card.js";
import { SyncMeter } from "../sync_meter.js";
import { TextBox } from "./text_box.js";
import { TextProgress } from "./text_progress.js";

const REST_MS = 1500;
const LEAVE_AFTER_MS = 120_000;
const LOOK_EVERY_MS = 5000;
const LOOK_AGAIN_MS = 500;

/** From how many characters on a text takes so long that one wants to know how far it is. */
const LONG = 150;

export class TypedSpeech {
  /**
   * @param {string} server
   * @param {{ontake: () => void, ongive: () => void, onstate: () => void, onhello: (hello: object) => void,
   *   onframe: (frame: import("../../client/face_client.js").Frame) => void, isFree: () => boolean}} listener
   *   isFree: whether nobody else has the face or is about to; ontake: it shows the face from now on; ongive: it does no more; onhello, onframe: while it does
   */
  constructor(server, listener) {
    this._listener = listener;
    this.hasFace = false;
    this.meter = new SyncMeter();
    this._stays = false;
    this._newVoice = false;
    /** The turns that say an answer, and how many more are about to be asked for. */
    this._answers = [];
    this._asking = 0;
    this._shownSample = null;
    this._card = new SyncCard();
    this._progress = new TextProgress();
    this.player = new SpeechPlayer(server, {
      onstate: (state, error) => this._changed(state, error),
      onhello: (hello) => this._greeted(hello),
      onframe: (frame) => this.hasFace && listener.onframe(frame),
      onturnend: (end) => this._card.turnEnded(end),
      onproblem: (sentence) => this.box.hint(asSentence(sentence), "warn"),
      onsound: (sentence) => this.box.hint(sentence, sentence ? "warn" : "quiet"),
    });
    this.box = new TextBox({
      onsay: (text, cut) => void this._say(text, cut),
      onstop: () => this.player.stop(),
      onpause: () => (this.player.state === "paused" ? void this.player.resume() : this.player.pause()),
      onapproach: () => this.wake(),
      onvoice: () => this._changeVoice(),
    });
    this._timer = setInterval(() => this._sleepIfIdle(), LOOK_EVERY_MS);
    this._disposed = new AbortController();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this._stays) this.wake();
    }, { signal: this._disposed.signal });
  }

  /** Give everything back, for good; whoever shows the face then is not told. */
  dispose() {
    clearInterval(this._timer);
    this._disposed.abort();
    this._stays = this.hasFace = false;
    this.player.dispose();
    this.box.dispose();
  }

  /** Connect, so that the first word comes without delay; what prevents it is said under the box. */
  wake() {
    this.player.open(this.box.voice).catch(() => {});
  }

  /** Connect and start the sound, so that an answer comes without delay; call it from a click. */
  prepare() {
    this.player.prepare(this.box.voice).catch(() => {});
  }

  /** Let the voice feel something else from now on. @param {Record<string, number> | null} emotion */
  setEmotion(emotion) {
    this.player.setEmotion(emotion);
  }

  /** Leave the face to the feed. */
  leave() {
    this.player.close();
    this._give();
  }

  /** What to draw, or null if what is on the screen is still right. */
  at(nowMs) {
    const shown = this.player.at(nowMs, this.meter.aheadMs);
    if (shown) this._shownSample = shown.sample;
    return shown;
  }

  /** Measure the face that is on the canvas now. @param {number} drawMs how long the drawing took; 0 if it was not needed */
  measure(drawMs) {
    if (drawMs) this.meter.drew(drawMs);
    const { heard, hearing, client } = this.player;
    if (!hearing || this.player.state !== "speaking" || this._shownSample === null) return;
    this.meter.add(performance.now(), ((this._shownSample - heard) * 1000) / client.hello.sample_rate);
  }

  /** Draw what was measured. */
  draw(nowMs) {
    if (!this.hasFace || !this.player.client?.hello) return;
    const [numerator, denominator] = this.player.client.hello.frame_rate;
    this._card.draw(this.meter.rows, nowMs, (1000 * denominator) / numerator);
  }

  /** Write what was measured, and see whether it is time to leave. */
  write(nowMs) {
    if (this.meter.rows.length) this._card.write(this.meter.summary());
    this.box.waiting(this._waiting());
    this.box.progress(this._said());
    if (this._newVoice && this.player.state === "resting") this._changeVoice();
    const rested = this.player.state === "resting" && nowMs - this.player.idleSinceMs > REST_MS;
    if (rested && this.hasFace && !this._stays) this._give();
  }

  /** How many texts wait behind the one that is spoken; the sentences of an answer are one text. */
  _waiting() {
    this._answers = this._answers.filter((turn) => this.player.isPending(turn));
    return this.player.pending - Math.max(1, this._answers.length + this._asking);
  }

  _said() {
    const { hearing, heard } = this.player;
    return this._progress.length(hearing) < LONG ? null : this._progress.share(hearing, heard);
  }

  /** Take the face for good: the feed has nothing to show. */
  stay() {
    this._stays = true;
    if (this.player.client?.hello) this._take();
    else this.wake();
  }

  /** A server has room for so many: one that only watches gives its place to others. */
  _sleepIfIdle() {
    const { state, idleSinceMs } = this.player;
    if (state !== "resting" || performance.now() - idleSinceMs < LEAVE_AFTER_MS) return;
    this.player.close();
    this.hasFace = false;
    this._listener.onsleep();
  }

  /**
   * Say an answer, behind what is being said.
   * @param {string} text
   * @returns {Promise<number | null>} its turn; null: it was stopped, or cannot be said
   */
  async answer(text) {
    this._takeAgain();
    // What prevents it is told by the state; an answer that is off need not be said.
    this._asking += 1;
    const turn = await this.player.say(text, { voice: this.box.voice }).catch(() => null);
    this._asking -= 1;
    if (turn === null) return null;
    this._answers.push(turn);
    this._progress.begin(turn, text);
    return turn;
  }

  async _say(text, cut) {
    this._takeAgain();
    try {
      this._progress.begin(await this.player.say(text, { cut, voice: this.box.voice }), text);
    } catch {
      this.box.giveBack(text);
    }
  }

  _takeAgain() {
    // Also where it has the face already: somebody may be waiting for the microphone.
    if (this.hasFace) this._listener.ontake();
    else this._take();
  }

  /** A stream of turns has one voice: what is being said is said to its end by the old one. */
  _changeVoice() {
    this._newVoice = this.player.state === "speaking" || this.player.state === "paused";
    if (this._newVoice) {
      this.box.hint("The new voice speaks after this.");
      return;
    }
    this.player.close();
    this.wake();
  }

  _greeted(hello) {
    this._progress.reset();
    this.player.client.onwords = (words) => this._progress.add(words);
    if (this._stays && this._listener.isFree()) this._take();
    if (this.hasFace) this._listener.onhello(hello);
  }

  _changed(state, error) {
    this.box.state(state, error ? asSentence(error.message) : "");
    if (state === "speaking") this._card.toggle(true);
    if (state === "failed") this._fail(error);
    this._listener.onstate();
  }

  /** Leave the face to the feed, unless that has nothing to show; without a server it looks for one. */
  _fail(error) {
    if (this._stays && !isAway(error)) return this._listener.onsleep();
    const looks = this._stays && !this.hasFace;
    this._give();
    if (looks) setTimeout(() => this._listener.ongive(), LOOK_AGAIN_MS);
    return undefined;
  }

  _take() {
    if (this.hasFace) return;
    this.hasFace = true;
    this._shownSample = null;
    this._listener.ontake();
    if (this.player.client?.hello) this._listener.onhello(this.player.client.hello);
  }

  _give() {
    this._stays = false;
    if (!this.hasFace) return;
    this.hasFace = false;
    this.meter.reset();
    this._card.toggle(false);
    this._listener.ongive();
  }
}

/** The server's words as a sentence. */
function asSentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
