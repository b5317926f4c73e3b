/** How far the face that is drawn is from the sound that is heard, over the last seconds. */

import { percentile } from "./latency.js";

const WINDOW_MS = 5000;
const DRAWINGS = 31;
const MAX_AHEAD_MS = 8;

export class SyncMeter {
  constructor() {
    this.reset();
  }

  reset() {
    this._rows = [];
    this._drawMs = [];
  }

  /** How far ahead a face is chosen, because drawing it takes time, ms; at most half a frame of 60 a second. */
  get aheadMs() {
    return Math.min(MAX_AHEAD_MS, percentile([...this._drawMs].sort((a, b) => a - b), 0.5) ?? 0);
  }

  /** The measures that are kept: `at` performance.now(), `leadMs` above 0 where the face leads. */
  get rows() {
    return this._rows;
  }

  /** Learn how long a drawing took. */
  drew(ms) {
    this._drawMs.push(ms);
    if (this._drawMs.length > DRAWINGS) this._drawMs.shift();
  }

  /**
   * Take a face that has just been drawn.
   * @param {number} nowMs performance.now()
   * @param {number} leadMs time of the face minus time of the sound that is heard now
   */
  add(nowMs, leadMs) {
    this._rows.push({ at: nowMs, leadMs });
    while (this._rows[0].at < nowMs - WINDOW_MS) this._rows.shift();
  }

  /** Median, and the greatest distance of all but the worst hundredth, ms; null without measures. */
  summary() {
    if (!this._rows.length) return null;
    const leads = this._rows.map(({ leadMs }) => leadMs).sort((a, b) => a - b);
    const distances = leads.map(Math.abs).sort((a, b) => a - b);
    return { median: percentile(leads, 0.5), p99: percentile(distances, 0.99), count: leads.length };
  }
}
