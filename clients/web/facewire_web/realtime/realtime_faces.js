/**
 * The faces of a realtime voice session: takes the events that `facewire realtime` adds, and has the
 * face for the sound that the page plays.
 *
 * It plays no sound and opens no socket: the page has both already. It says which item it plays, and
 * how far; the face follows that, whatever the network does.
 */

import { mixPoses, neutralPose, poseFrom } from "../client/pose.js";

const OURS = "facewire.face.";
/** How long a face takes to come to rest, ms. */
const RESTING_MS = 150;
/** How many frames before the one that is shown are kept. */
const KEPT_BEHIND = 120;
const KEPT_ITEMS = 32;

export class RealtimeFaces {
  constructor() {
    this._items = new Map();
    this._shown = neutralPose();
    this._from = this._shown;
    this._restsSince = -Infinity;
    this._frame = null;
  }

  /**
   * Take an event of the session.
   * @param {string | object} event its JSON text, or what was parsed of it
   * @returns {boolean} whether it was about a face; all others are the page's own
   */
  take(event) {
    if (typeof event === "string") {
      if (!event.startsWith(`{"type":"${OURS}`)) return false;
      event = JSON.parse(event);
    }
    if (!event?.type?.startsWith?.(OURS)) return false;
    const item = this._item(event);
    if (event.type === `${OURS}started`) {
      item.names = event.names;
      item.rate = event.frame_rate[0] / event.frame_rate[1];
    } else if (event.type === `${OURS}delta`) {
      if (!item.frames.length) item.first = event.first_frame;
      for (const frame of event.frames) item.frames.push(poseFrom(item.names, frame.weights, frame.head));
    } else if (event.type === `${OURS}done`) {
      item.endMs = Math.min(item.endMs, event.ms);
    } else if (event.type === `${OURS}rest`) {
      item.endMs = event.end_ms;
    }
    return true;
  }

  /**
   * The face for now.
   * @param {number} nowMs performance.now()
   * @param {{itemId: string, ms: number, contentIndex?: number} | null} position the item whose
   *   sound is heard, and how many ms of it were; null while nothing is
   * @returns {import("../client/pose.js").Pose}
   */
  at(nowMs, position) {
    const item = position && this._items.get(keyOf(position.itemId, position.contentIndex ?? 0));
    const spoken = item && position.ms < item.endMs ? poseAt(item, position.ms) : null;
    if (spoken) {
      this._restsSince = null;
      this._shown = spoken;
      return spoken;
    }
    if (this._restsSince === null) [this._restsSince, this._from] = [nowMs, this._shown];
    const share = Math.min(1, (nowMs - this._restsSince) / RESTING_MS);
    this._shown = mixPoses(this._from, neutralPose(), share);
    return this._shown;
  }

  /**
   * Show the face on each repaint, until `stop`.
   * @param {() => ({itemId: string, ms: number, contentIndex?: number} | null)} position
   * @param {(pose: import("../client/pose.js").Pose) => void} show
   */
  start(position, show) {
    this.stop();
    const next = (nowMs) => {
      this._frame = requestAnimationFrame(next);
      show(this.at(nowMs, position()));
    };
    this._frame = requestAnimationFrame(next);
  }

  /** Show no more. */
  stop() {
    if (this._frame !== null) cancelAnimationFrame(this._frame);
    this._frame = null;
  }

  _item(event) {
    const key = keyOf(event.item_id, event.content_index);
    if (!this._items.has(key)) {
      this._items.set(key, { names: [], rate: 60, first: 0, frames: [], endMs: Infinity });
      if (this._items.size > KEPT_ITEMS) this._items.delete(this._items.keys().next().value);
    }
    return this._items.get(key);
  }
}

function keyOf(itemId, contentIndex) {
  return `${contentIndex} ${itemId}`;
}

/** The pose at a time of an item, between its frames; null before the first has come. */
function poseAt(item, ms) {
  const exact = Math.max(0, (ms * item.rate) / 1000);
  const past = Math.floor(exact) - item.first - KEPT_BEHIND;
  if (past > 0) item.first += item.frames.splice(0, Math.min(past, item.frames.length - 1)).length;
  if (!item.frames.length) return null;
  const last = item.frames.length - 1;
  const place = Math.min(Math.max(exact - item.first, 0), last);
  const before = Math.floor(place);
  const after = Math.min(before + 1, last);
  return mixPoses(item.frames[before], item.frames[after], place - before);
}
