/** Pings, and what they tell: where the server's clock stands, and whether anybody is there. */

const EVERY_MS = 2000;
const FIRST_MS = [0, 60, 120, 240, 480, 960];
const MOST_UNANSWERED = 3;
/** A beat that is so late, or a wall clock that went on alone for so long: this page slept. */
const SLEPT_MS = 3000;

export class Heartbeat {
  /**
   * @param {() => void} ping send one
   * @param {() => void} onsilence nothing came back for about six seconds
   */
  constructor(ping, onsilence) {
    this._ping = ping;
    this._onsilence = onsilence;
    this._unanswered = 0;
    this._timers = [];
    this._timer = null;
    this._beatMs = this._wallMs = 0;
  }

  start() {
    this.heard();
    [this._beatMs, this._wallMs] = [performance.now(), Date.now()];
    this._timer = setInterval(() => this._beat(), EVERY_MS);
    this._measure();
  }

  stop() {
    clearInterval(this._timer);
    for (const timer of this._timers) clearTimeout(timer);
    this._timers = [];
  }

  /** Something came from the server. */
  heard() {
    this._unanswered = 0;
  }

  /** Counted in beats, not in time: a page that was frozen has not listened meanwhile, and hears it all at once. */
  _beat() {
    const [beatMs, wallMs] = [performance.now(), Date.now()];
    const slept = Math.max(beatMs - this._beatMs, wallMs - this._wallMs) > EVERY_MS + SLEPT_MS;
    [this._beatMs, this._wallMs] = [beatMs, wallMs];
    if (this._unanswered >= MOST_UNANSWERED) return this._onsilence();
    this._unanswered += 1;
    if (slept) this._measure();
    else this._ping();
    return undefined;
  }

  /** Several pings, for the quickest of them counts. */
  _measure() {
    for (const timer of this._timers) clearTimeout(timer);
    this._timers = FIRST_MS.map((ms) => setTimeout(() => this._ping(), ms));
  }
}
