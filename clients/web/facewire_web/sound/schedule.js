/**
 * Decides when sound that nobody waits for is played: a clock that others follow. What comes too late is
 * put later, and all that follows with it, so nothing is lost but what waited for half a minute.
 */

import { KEPT_S } from "./placed.js";
import { SoundTimes } from "./times.js";

const MAX_DELAY_S = 0.4;
/** Sound takes a while to its renderer: what is scheduled closer to now may lose its beginning. */
const MARGIN_S = 0.025;

export class SoundSchedule {
  /**
   * @param {number} contextRate Hz
   * @param {{sampleRate: number, delayS: number}} stream delayS: from the arrival of sound until it is
   *   played, where it is put; twice as long from when sound was late
   * @param {(anchor: import("./times.js").Anchor) => void} onplace
   */
  constructor(contextRate, { sampleRate, delayS }, onplace) {
    this._contextRate = contextRate;
    this._sampleRate = sampleRate;
    this._delayS = delayS;
    this._onplace = onplace;
    this.times = new SoundTimes();
  }

  /** Sound has come. @param {number} start @param {number} end @param {number} frame of the context, now */
  pushed(start, end, frame) {
    const oldest = end - KEPT_S * this._sampleRate;
    if (this.times.known && this._isLate(start, MARGIN_S, frame)) this._delayS = Math.min(MAX_DELAY_S, 2 * this._delayS);
    this.expect(start, MARGIN_S, frame);
    if (this.times.dueAt(frame) < oldest) this._place(oldest, frame);
  }

  /**
   * Get ready to play a sample: if it is too late for it, it is played later.
   * @param {number} sample
   * @param {number} spareS how early it has to be, seconds
   * @param {number} frame of the context, now
   */
  expect(sample, spareS, frame) {
    if (!this.times.known || this._isLate(sample, spareS, frame)) this._place(sample, frame + this._delayS * this._contextRate);
  }

  /** Stand still: what is played when is not known any more. */
  hold() {
    this.times = new SoundTimes();
  }

  /** Go on from a sample that is heard at a frame of the context. */
  goOn(sample, frame) {
    this.hold();
    this._place(Math.round(sample), frame);
  }

  _isLate(sample, spareS, frame) {
    return this.times.frameOf(sample) < frame + spareS * this._contextRate;
  }

  /** On a whole frame and a whole sample, so that nothing is resampled that need not be. */
  _place(sample, frame) {
    const anchor = { frame: Math.ceil(frame), sample: Math.round(sample), step: this._sampleRate / this._contextRate };
    this.times.place(anchor);
    this._onplace(anchor);
  }
}
