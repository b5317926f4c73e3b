/**
 * How fast live sound is played so that it stays a chosen time behind its sender, whose clock runs a
 * little faster or slower than the sound card's and whose blocks come unevenly. All times in seconds.
 *
 * The delay of a block is when it came minus its place in the stream. The quickest of the last two
 * seconds tells where the sender is; sound is played `delay` behind it. Small errors are played out
 * by a speed within 1 %, which nobody hears; what that cannot mend is mended at once, by a jump.
 */

const REMEMBERED_S = 8;
const QUICKEST_S = 2;
const RECENT_S = 0.4;
const LONG_ENOUGH_S = 0.3;
const SAME_MOMENT_S = 0.004;
const PROPORTIONAL_S = 2.5;
const INTEGRAL_S = 10;
const MOST_DRIFT = 0.008;
const MOST_CORRECTION = 0.01;
/** Speed changes by at most 1 % in a second: no step in the pitch. */
const SLEW_PER_S = 0.01;
const JUMP_S = 0.08;
const MARGIN_S = 0.015;
const MAX_DELAY_S = 0.4;
const GROWS_BY_SPEED_S = 0.02;
/** A delay that is not needed any more is given up slowly enough for the speed to follow. */
const SHORTEN_PER_S = 0.004;

export class SoundPace {
  /** @param {number} delayS the least delay behind the quickest block */
  constructor(delayS) {
    this._least = delayS;
    /** How far behind the quickest block sound is to be played. */
    this.delay = delayS;
    /** 1 plus the present correction. */
    this.speed = 1;
    this._drift = 0;
    this.restart();
  }

  /** Forget when blocks came: there was a pause. What is known of the clocks stays. */
  restart() {
    this._arrivals = [];
    this._quickest = null;
  }

  /** Whether a block has come since the last restart. */
  get knows() {
    return this._quickest !== null;
  }

  /**
   * Note that a block came.
   * @param {number} start its place in the stream
   * @param {number} end
   * @param {number} now
   */
  arrived(start, end, now) {
    const arrivals = this._arrivals;
    const last = arrivals.at(-1);
    // Blocks that come together, as after a stall, are one event.
    if (last && now - last.at < SAME_MOMENT_S) {
      last.quick = Math.min(last.quick, now - end);
      last.slow = Math.max(last.slow, now - start);
    } else {
      arrivals.push({ at: now, quick: now - end, slow: now - start });
    }
    while (arrivals[0].at < now - REMEMBERED_S) arrivals.shift();
    this._learn(now);
  }

  /** Where the sound is to be now. */
  aim(now) {
    return now - this._quickest - this.delay;
  }

  /**
   * Choose the speed for what is played next.
   * @param {number} position what would be played now
   * @param {number} now
   * @param {number} duration until the next choice
   * @returns {number} how far to jump first; 0 almost always
   */
  steer(position, now, duration) {
    if (!this.knows) return 0;
    let jump = this._lengthen();
    jump += this._jump(position + jump, now);
    const error = this.aim(now) - position - jump;
    this._drift = clamp(this._drift + (error * duration) / (PROPORTIONAL_S * INTEGRAL_S), MOST_DRIFT);
    const wanted = clamp(error / PROPORTIONAL_S + this._drift, MOST_CORRECTION);
    this.speed += clamp(1 + wanted - this.speed, SLEW_PER_S * duration);
    this.delay = Math.max(this._needed, this.delay - SHORTEN_PER_S * duration, this._least);
    return jump;
  }

  /** Wait a little where blocks have become so uneven that some come too late. */
  _lengthen() {
    const growth = this._needed - this.delay;
    if (growth < GROWS_BY_SPEED_S) return 0;
    this.delay = this._needed;
    return -growth;
  }

  /** As far as all that came lately says that sound is too late or too early. */
  _jump(position, now) {
    const { earliest, latest, lasts } = this._recent;
    if (lasts < LONG_ENOUGH_S) return 0;
    const late = now - latest - this.delay - position;
    const early = position - (now - earliest - this.delay);
    if (late < JUMP_S && early < JUMP_S) return 0;
    this._arrivals = this._arrivals.slice(-1);
    this._learn(now);
    return this.aim(now) - position;
  }

  _learn(now) {
    const arrivals = this._arrivals;
    let quickest = Infinity;
    const recent = { earliest: Infinity, latest: -Infinity, lasts: 0 };
    for (let i = arrivals.length - 1; i >= 0 && arrivals[i].at >= now - QUICKEST_S; i -= 1) {
      const { at, quick } = arrivals[i];
      // Where the sender would be found now by what came then.
      quickest = Math.min(quickest, quick - this._drift * (now - at));
      if (at < now - RECENT_S) continue;
      recent.lasts = now - at;
      recent.earliest = Math.min(recent.earliest, quick);
      recent.latest = Math.max(recent.latest, quick);
    }
    this._quickest = quickest;
    this._recent = recent;
    this._needed = this._spread(now) + MARGIN_S;
  }

  /** How much later than the quickest block sound comes again and again: one stall alone does not count. */
  _spread(now) {
    let [worst, second] = [0, 0];
    for (const { at, slow } of this._arrivals) {
      const spread = slow - this._drift * (now - at) - this._quickest;
      if (spread > MAX_DELAY_S - MARGIN_S) continue;
      if (spread > worst) [worst, second] = [spread, worst];
      else if (spread > second) second = spread;
    }
    return second;
  }
}

function clamp(value, most) {
  return Math.min(most, Math.max(-most, value));
}
