/** Where the server's clock stands against this page's, from pings. */

const REMEMBERED = 24;
/** How far two clocks drift apart while the answers are remembered. */
const DRIFT_MS = 5;

export class ClockOffset {
  constructor() {
    this._answers = [];
  }

  /**
   * Take in the answer to a ping.
   * @param {number} sentMs this page's performance.now()
   * @param {number} receivedMs
   * @param {number} serverNs the server's monotonic clock when it answered
   */
  add(sentMs, receivedMs, serverNs) {
    const answer = { trip: receivedMs - sentMs, offset: serverNs / 1e6 - (sentMs + receivedMs) / 2 };
    if (!(answer.trip >= 0) || !Number.isFinite(answer.offset)) return;
    // In many browsers this page's clock stands while the computer sleeps: then no older answer holds.
    const holds = this._answers.every((other) => Math.abs(other.offset - answer.offset) <= (other.trip + answer.trip) / 2 + DRIFT_MS);
    this._answers = [...(holds ? this._answers : []), answer].slice(-REMEMBERED);
  }

  /** Server time minus page time, ms, by the quickest of the last pings; null before the first. */
  get ms() {
    return this._best?.offset ?? null;
  }

  /** The shortest round trip, ms. */
  get roundTripMs() {
    return this._best?.trip ?? null;
  }

  get _best() {
    return this._answers.reduce((best, answer) => (!best || answer.trip < best.trip ? answer : best), null);
  }
}
