/** Plays live sound a chosen time behind its sender: what is late is skipped, what is early waits. */

import { soundAt } from "./interpolation.js";
import { SoundPace } from "./pace.js";
import { SoundRing } from "./ring.js";
import { FADE_S, fadingOut } from "./fade.js";

const KEPT_S = 4;

export class LiveSound {
  /**
   * @param {number} contextRate Hz, of what is rendered
   * @param {{sampleRate: number, delayS: number}} stream delayS: the least time from the arrival of
   *   the quickest sound until it is played
   */
  constructor(contextRate, { sampleRate, delayS }) {
    this._contextRate = contextRate;
    this._sampleRate = sampleRate;
    this._pace = new SoundPace(delayS);
    this._ring = new SoundRing(KEPT_S * sampleRate);
    /** What is played now. @type {import("./times.js").Anchor | null} */
    this.anchor = null;
    this._heardTo = -Infinity;
    this._gain = 0;
    this._tail = [];
  }

  /** How far behind the quickest sound it is to be, and is, seconds; null before the first. */
  get delay() {
    if (!this.anchor || !this._pace.knows) return null;
    const { frame, sample } = this.anchor;
    const wanted = this._pace.delay;
    return { wanted, actual: wanted + this._pace.aim(frame / this._contextRate) - sample / this._sampleRate };
  }

  /**
   * Take samples.
   * @param {number} start index of the first sample
   * @param {Int16Array} samples
   * @param {number} frame of the context, now
   */
  push(start, samples, frame) {
    this._ring.write(start, samples);
    const now = frame / this._contextRate;
    const begins = !this._pace.knows;
    this._pace.arrived(start / this._sampleRate, (start + samples.length) / this._sampleRate, now);
    if (begins) this._goTo(this._pace.aim(now) * this._sampleRate, frame);
  }

  /** There was a pause in which the sender's time went on: the next sound tells where it is. */
  restart() {
    this._pace.restart();
    this.anchor = null;
  }

  /**
   * Render the next block.
   * @param {Float32Array} out
   * @param {number} frame of the context, of its first sample
   */
  render(out, frame) {
    if (!this.anchor) return void out.fill(0);
    const position = this._positionAt(frame);
    const now = frame / this._contextRate;
    const jump = this._pace.steer(position / this._sampleRate, now, out.length / this._contextRate);
    if (jump) this._goTo(position + jump * this._sampleRate, frame);
    const step = (this._sampleRate * this._pace.speed) / this._contextRate;
    this.anchor = { frame, sample: this._positionAt(frame), step };
    for (let i = 0; i < out.length; i += 1) out[i] = this._next(this._positionAt(frame + i));
  }

  _next(position) {
    const { to } = this._ring;
    const fade = FADE_S * this._sampleRate;
    const plays = position < to && position >= this._heardTo;
    if (plays) this._heardTo = position;
    // Sound that runs out fades before its last sample, sound that comes back fades in.
    this._gain = plays ? Math.min(1, this._gain + 1 / fade, (to - position) / fade) : 0;
    return (this._gain && this._gain * soundAt(this._ring, position)) + (this._tail.pop() ?? 0);
  }

  _goTo(sample, frame) {
    if (this.anchor) {
      const [step, gain] = [this.anchor.step, this._gain];
      const from = this._positionAt(frame);
      this._tail = fadingOut(this._contextRate, (i) => gain * soundAt(this._ring, from + i * step));
    }
    this._gain = 0;
    this.anchor = { frame, sample, step: this._sampleRate / this._contextRate };
  }

  _positionAt(frame) {
    const { frame: from, sample, step } = this.anchor;
    return sample + (frame - from) * step;
  }
}
