/** Plays sound from where it is put, at its own speed; where there is none, there is silence. */

import { fadingOut } from "./fade.js";
import { soundAt } from "./interpolation.js";
import { SoundRing } from "./ring.js";
import { SoundTimes } from "./times.js";

/** How much sound waits to be played; older sound makes room. */
export const KEPT_S = 30;

export class PlacedSound {
  /**
   * @param {number} contextRate Hz, of what is rendered
   * @param {{sampleRate: number}} stream
   */
  constructor(contextRate, { sampleRate }) {
    this._contextRate = contextRate;
    this._ring = new SoundRing(KEPT_S * sampleRate);
    this._times = new SoundTimes();
    this._tail = [];
  }

  /** Take samples. @param {number} start index of the first one @param {Int16Array} samples */
  push(start, samples) {
    this._ring.write(start, samples);
  }

  /** Play a sample, and those after it, from a frame on. @param {import("./times.js").Anchor} anchor */
  place(anchor) {
    this._times.place(anchor);
  }

  /** Fall silent, and forget what was to be played. @param {number} frame of the context, now */
  hold(frame) {
    this._tail = fadingOut(this._contextRate, (i) => this._playedAt(frame + i));
    this._ring.clear();
    this._times = new SoundTimes();
  }

  /** Render the next block. @param {Float32Array} out @param {number} frame of its first sample */
  render(out, frame) {
    for (let i = 0; i < out.length; i += 1) out[i] = this._playedAt(frame + i) + (this._tail.pop() ?? 0);
  }

  _playedAt(frame) {
    const sample = this._times.playedAt(frame);
    return sample === null ? 0 : soundAt(this._ring, sample);
  }
}
