/** Plays a stream's audio by its sample numbers, and knows which sample is being heard. */

import { SoundContext } from "./context.js";
import { openOutput } from "./output.js";
import { SoundSchedule } from "./schedule.js";
import { SoundTimes } from "./times.js";

/** More is not handed to a renderer that does not answer. */
const UNREPORTED_S = 30;

/** What to say when the browser plays nothing. */
export const SILENT = "This browser plays no sound now: click anywhere to start it; if that does not help, connect a loudspeaker or headphones.";

/**
 * One stream after the other, on one audio context.
 *
 *     const sound = new SoundPlayer({ sampleRate: 16_000 }); // in a click
 *     sound.begin({ sampleRate: 16_000, delayS: 0.17, live: true });
 *     sound.push(start, samples);
 *     sound.heard; // this sample is at the listener's ear
 */
export class SoundPlayer {
  /**
   * Make it in a click or a key: browsers start sound only then.
   * @param {{sampleRate?: number | null}} [options] sampleRate: of the stream, if it is known
   * @throws {Error} the browser gives no audio context
   */
  constructor({ sampleRate = null } = {}) {
    /** @type {((state: import("./context.js").SoundState) => void) | null} */
    this.onstate = null;
    /** @type {(() => void) | null} samples will be heard at another time than was known before */
    this.onshift = null;
    /** How far behind its sender live sound is to be, and is, seconds. @type {{wanted: number, actual: number} | null} */
    this.delay = null;
    this._context = new SoundContext(sampleRate, (state) => this._changed(state));
    /** What all sound goes through, for tests and meters. @type {AudioNode} */
    this.output = this._context.audio.createGain();
    this.output.connect(this._context.audio.destination);
    this._stream = null;
    this._streams = 0;
    /** When what is played: live sound's renderer reports it, other sound is put where it belongs here. */
    this._times = new SoundTimes();
    /** @type {SoundSchedule | null} */
    this._schedule = null;
    this._held = null;
    this._missed = false;
    this._sent = this._received = 0;
    this._renderer = null;
    /** Settles when sound can be played; without a browser that can, never, or with an error. @type {Promise<void>} */
    this.ready = this._open();
    this.ready.catch(() => {});
  }

  /** @type {import("./context.js").SoundState} */
  get state() {
    return this._context.state;
  }

  /**
   * Play another stream from now on.
   * @param {{sampleRate: number, delayS: number, live: boolean}} stream delayS: from the arrival of sound
   *   until it is played; live: stay that far behind its sender (pace.js), else see schedule.js
   */
  begin(stream) {
    this._stream = stream;
    this._held = this.delay = null;
    this._times = new SoundTimes();
    this._schedule = stream.live ? null : new SoundSchedule(this._rate, stream, (anchor) => this._placed(anchor));
    this._tell({ do: "begin", ...stream, stream: (this._streams += 1) });
  }

  /**
   * Play samples when it is their turn.
   * @param {number} start index of the first sample
   * @param {Int16Array} samples they are given away
   */
  push(start, samples) {
    if (!samples.length || !this._takes) return;
    const { length } = samples;
    this._sent += length;
    this._renderer.post({ do: "push", start, samples }, [samples.buffer]);
    this._schedule?.pushed(start, start + length, this._frame);
  }

  /**
   * Get ready to play a sample: if it is too late for it, the sample will be heard later. Live sound is not asked.
   * @param {number} sample
   * @param {number} spareS how early it has to be, seconds
   */
  expect(sample, spareS) {
    if (this._takes) this._schedule?.expect(sample, spareS, this._frame);
  }

  /** The sample at the listener's ear, or null before the first; while sound stands still, so does it. */
  get heard() {
    if (!this._context.ran) return null;
    return this._held ?? (this._schedule?.times ?? this._times).at(this._context.heardFrame);
  }

  /** As `heard`, but counted back from what comes, where something is waited for; null if nothing is, or nothing plays. */
  get due() {
    if (this._held !== null || this.state === "stopped") return null;
    return (this._schedule?.times ?? this._times).dueAt(this._context.heardFrame);
  }

  /** Fall silent at once, forget what was to be played, and stand still. @returns {number | null} the last sample heard */
  hold() {
    this._held = this.heard;
    this._schedule?.hold();
    this._tell({ do: "hold" });
    return this._held;
  }

  /** Let time run again, from a sample that is heard now. */
  goOn(sample) {
    this._schedule?.goOn(sample, this._context.heardFrame);
  }

  /** Stand still in the middle of a sound, until resume(). */
  pause() {
    return this._context.pause();
  }

  resume() {
    return this._context.resume();
  }

  /** Give everything back. */
  close() {
    this.onstate = this.onshift = null;
    this._renderer?.close();
    this._renderer = null;
    this._context.close();
  }

  async _open() {
    const renderer = await openOutput(this._context.audio, this.output, (report) => this._take(report));
    if (this.state === "closed") return renderer.close();
    this._renderer = renderer;
    if (this._stream) this._tell({ do: "begin", ...this._stream, stream: this._streams });
    return undefined;
  }

  get _rate() {
    return this._context.audio.sampleRate;
  }

  /** What is rendered next. */
  get _frame() {
    return this._context.audio.currentTime * this._rate;
  }

  /** Whether sound that comes is kept: not for a browser that plays none. */
  get _takes() {
    if (!this._renderer || !this._stream) return false;
    if (this.state === "stopped" && (this._stream.live || !this._context.ran)) return false;
    return this._sent - this._received < UNREPORTED_S * this._stream.sampleRate;
  }

  _tell(command) {
    this._renderer?.post(command);
  }

  _placed(anchor) {
    this._held = null;
    this._tell({ do: "place", anchor });
    this.onshift?.();
  }

  _take({ stream, anchor, delay, received }) {
    this._received = received;
    this._tell({ do: "next" });
    if (stream !== this._streams || !anchor) return;
    this._times.place(anchor);
    this.delay = delay;
  }

  _changed(state) {
    // The sender's time went on meanwhile; where the sound is now is known when more of it comes.
    if (state === "running" && this._stream?.live) {
      this._times = new SoundTimes();
      this._tell({ do: "restart", stream: (this._streams += 1) });
    }
    // What was to be heard first has been missed.
    if (state === "running" && this._missed && this._schedule) this.begin(this._stream);
    this._missed = state === "stopped" && !this._context.ran;
    this.onstate?.(state);
  }
}
