/** How late the faces are, over the last seconds. What the page itself does beside the stream, it leaves out. */

const MOMENT_MS = 200;
const WINDOW_MS = 5000;

/** Stages in the order in which a frame passes them. */
export const STAGES = ["queue", "encode", "decode", "face", "send", "transport", "page"];

/** The value below which `share` of the sorted values lie. */
export function percentile(sorted, share) {
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : null;
}

export class LatencyStats {
  constructor() {
    /** How much is loaded at the moment that keeps the page from drawing. */
    this._loading = 0;
    this._loadedMs = -Infinity;
    this.reset();
  }

  reset() {
    this._rows = [];
    this._arrivals = [];
  }

  /** Leave out, from now on, frames that wait because the page is busy with loading something. */
  beginLoading() {
    this._loading += 1;
  }

  /** Count again what sets out from now on. */
  endLoading(nowMs) {
    this._loading -= 1;
    this._loadedMs = nowMs;
  }

  /** Count an arriving frame. */
  arrived(nowMs) {
    this._arrivals.push(nowMs);
    while (this._arrivals.length && this._arrivals[0] < nowMs - WINDOW_MS) this._arrivals.shift();
  }

  /**
   * Count a frame that is drawn now for the first time.
   * @param {import("../client/face_client.js").Frame} frame
   */
  shown(frame, nowMs) {
    if (!frame.latency) return;
    const page = Math.max(0, nowMs - frame.receivedMs);
    const total = frame.latency.total + page;
    if (this._loading || nowMs - total < this._loadedMs) return;
    this._rows.push({ ...frame.latency, page, total, nowMs });
    while (this._rows.length && this._rows[0].nowMs < nowMs - WINDOW_MS) this._rows.shift();
  }

  /** Frames a second, over the last seconds; null where those came in less than a moment: a burst tells no rate. */
  frameRate(nowMs) {
    const recent = this._arrivals.filter((at) => at > nowMs - WINDOW_MS);
    if (recent.length < 2 || nowMs - recent.at(-1) > 1000) return null;
    const spanMs = recent.at(-1) - recent[0];
    return spanMs < MOMENT_MS ? null : (1000 * (recent.length - 1)) / spanMs;
  }

  /** Milliseconds by stage and in all: `{total: {p50, p99}, queue: …}`, or null without stamps. */
  summary() {
    if (!this._rows.length) return null;
    const of = (name) => {
      const sorted = this._rows.map((row) => row[name]).sort((a, b) => a - b);
      return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
    };
    return Object.fromEntries(["total", ...STAGES].map((name) => [name, of(name)]));
  }
}
