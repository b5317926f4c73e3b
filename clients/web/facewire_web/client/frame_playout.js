/**
 * Decides which face to show now.
 *
 * With sound, the face follows the sample that is being heard. Without, or where the sound is so late
 * that its faces are not kept any more, frames are shown as they come; the early half waits a few
 * milliseconds, so that the motion is even. Between two frames the pose is interpolated, for screens
 * that are faster than the stream.
 */

import { mixPoses } from "./pose.js";

const LIVE_KEPT = 240;
const MEASURED = 150;
const MAX_DELAY_MS = 12;
const EARLY_SHARE = 0.5;

export class FramePlayout {
  /** @param {number} kept how many frames wait for their sound */
  constructor(kept = LIVE_KEPT) {
    this._kept = kept;
    this.reset(16_000);
  }

  /** Forget everything: another stream begins. @param {number} sampleRate of the timestamps */
  reset(sampleRate) {
    this._sampleRate = sampleRate;
    this._frames = [];
    this._arrivals = [];
    this._shown = null;
    this._foreseen = false;
  }

  /** How long frames wait so that they are shown evenly, ms. */
  get delayMs() {
    if (this._arrivals.length < 8) return 0;
    const sorted = [...this._arrivals].sort((a, b) => a - b);
    const wait = sorted[Math.floor(EARLY_SHARE * (sorted.length - 1))] - sorted[0];
    return Math.min(MAX_DELAY_MS, wait);
  }

  /** When the frame would have arrived if all came as quickly as the quickest, ms. */
  evenMs(frame) {
    return Math.min(...this._arrivals) + this._toMs(frame.timestamp);
  }

  /** Take a frame that has just arrived. @param {import("./face_client.js").Frame} frame */
  push(frame) {
    if (this._corrects(frame)) return;
    this._frames.push(frame);
    if (this._frames.length > this._kept) this._frames.shift();
    this._arrivals.push(frame.receivedMs - this._toMs(frame.timestamp));
    if (this._arrivals.length > MEASURED) this._arrivals.shift();
  }

  /** Put a correction where its provisional frame is, if that is still kept; whether it is one. */
  _corrects(frame) {
    if (frame.provisional) this._foreseen = true;
    if (frame.provisional || !this._foreseen) return false;
    const place = this._frames.findIndex(({ index }) => index === frame.index);
    if (place >= 0) this._frames[place] = frame;
    return true;
  }

  /** Forget frames that were never shown and never will be. @param {(frame: import("./face_client.js").Frame) => boolean} isVoid */
  drop(isVoid) {
    this._frames = this._frames.filter((frame) => !isVoid(frame));
  }

  /**
   * The pose for now, or null if what is on the screen is still right.
   * @param {number} nowMs performance.now()
   * @param {number | null} heard the sample that is being heard, or null without sound
   * @returns {{frame: import("./face_client.js").Frame, pose: import("./pose.js").Pose,
   *   sample: number} | null} sample: what the pose belongs to
   */
  at(nowMs, heard) {
    if (!this._frames.length) return null;
    const gone = heard !== null && this._frames.length === this._kept && heard < this._frames[0].timestamp;
    const due = heard === null || gone ? this.dueAt(nowMs) : heard;
    let next = this._frames.findIndex((frame) => frame.timestamp > due);
    if (next < 0) next = this._frames.length;
    if (next > 1) {
      this._frames.splice(0, next - 1);
      next = 1;
    }
    const [frame, after] = this._frames;
    if (next === 0) return null;
    if (!after) return frame === this._shown ? null : this._show(frame, frame.pose, frame.timestamp);
    const share = (due - frame.timestamp) / (after.timestamp - frame.timestamp);
    return this._show(frame, mixPoses(frame.pose, after.pose, share), due);
  }

  _show(frame, pose, sample) {
    this._shown = frame;
    return { frame, pose, sample };
  }

  /** The sample whose face is due without sound, or null before the first frame. */
  dueAt(nowMs) {
    if (!this._arrivals.length) return null;
    return ((nowMs - Math.min(...this._arrivals) - this.delayMs) * this._sampleRate) / 1000;
  }

  _toMs(sample) {
    return (sample * 1000) / this._sampleRate;
  }
}
