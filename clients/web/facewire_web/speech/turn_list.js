/** The turns of speech that are spoken or wait for it: their numbers, where each begins and ends, which were stopped. */

export class TurnList {
  constructor() {
    this.reset();
  }

  /** Another stream of turns begins. */
  reset() {
    this._turns = [];
    this._newest = this._stopped = 0;
  }

  /** How many turns are not over. */
  get length() {
    return this._turns.length;
  }

  /** Add a turn. @returns {number} its number, higher than all before */
  add() {
    this._newest += 1;
    this._turns.push({ number: this._newest, start: null, end: null });
    return this._newest;
  }

  /** Learn where a turn begins. @returns {boolean} whether it was not stopped meanwhile */
  begin(number, sample) {
    const turn = this._find(number);
    if (turn) turn.start ??= sample;
    return turn !== undefined;
  }

  /** Learn where a turn ends; without a sample it ended where it began. @returns {boolean} whether it was not stopped meanwhile */
  end(number, sample) {
    const turn = this._find(number);
    if (turn) turn.end = sample ?? turn.start ?? 0;
    return turn !== undefined;
  }

  /** Forget all of them: whatever still comes of them is void. */
  stopAll() {
    this._stopped = this._newest;
    this._turns = [];
  }

  /** Whether a turn is not over. */
  has(number) {
    return this._find(number) !== undefined;
  }

  /** Whether a turn was stopped. Turn 0 is the face at rest. */
  isStopped(number) {
    return number > 0 && number <= this._stopped;
  }

  /** The turn that a sample belongs to, or 0. */
  at(sample) {
    return this._turns.find(({ start, end }) => start !== null && start <= sample && (end === null || sample <= end))?.number ?? 0;
  }

  /** Forget the turns that ended before a sample. */
  forgetBefore(sample) {
    this._turns = this._turns.filter(({ end }) => end === null || sample <= end);
  }

  _find(number) {
    return this._turns.find((turn) => turn.number === number);
  }
}
