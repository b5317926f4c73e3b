/** Where the server's clock stands against this page's, from pings. */

const REMEMBERED = 24;

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
    this._answers = [...this._answers, answer].slice(-REMEMBERED);
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
