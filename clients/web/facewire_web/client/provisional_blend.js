/**
 * What to show at once of a stream whose frames are corrected later.
 *
 *     const blend = new ProvisionalBlend();
 *     client.onframe = (frame) => { const shown = blend.take(frame); if (shown) view.pose = shown.pose; };
 *     await client.openSession({ sampleRate, lookaheadMs: 20, provisional: true });
 *
 * The newest correction says by how much an earlier face was wrong; a share of that is expected again.
 */

import { SHAPES } from "./pose.js";

const SHARE = 0.4;
const KEPT = 256;

export class ProvisionalBlend {
  /** @param {number} [share] of the last error that is expected again, 0 to 1 */
  constructor(share = SHARE) {
    this._share = share;
    this._waiting = [];
    this._error = null;
  }

  /**
   * @param {import("./face_client.js").Frame} frame every one that comes
   * @returns {import("./face_client.js").Frame | null} what to show now; null for a correction
   */
  take(frame) {
    if (!frame.provisional) return this._correct(frame);
    this._waiting.push(frame);
    if (this._waiting.length > KEPT) this._waiting.shift();
    const error = this._error;
    if (!error) return frame;
    const pose = { ...frame.pose };
    for (const name of SHAPES) pose[name] = this._lean(pose[name], error.pose[name]);
    return { ...frame, pose, weights: frame.weights.map((weight, i) => this._lean(weight, error.weights[i])) };
  }

  _lean(weight, error) {
    return Math.min(1, Math.max(0, weight + this._share * error));
  }

  _correct(frame) {
    const place = this._waiting.findIndex(({ index }) => index >= frame.index);
    this._waiting.splice(0, place < 0 ? this._waiting.length : place);
    if (this._waiting[0]?.index === frame.index) {
      const { pose, weights } = this._waiting.shift();
      this._error = {
        pose: Object.fromEntries(SHAPES.map((name) => [name, frame.pose[name] - pose[name]])),
        weights: frame.weights.map((weight, i) => weight - weights[i]),
      };
    }
    return null;
  }
}
