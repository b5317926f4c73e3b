/** How much of a long text has been said: by the words that the server names, and when they are heard. */

import { withoutMarks } from "./marks.js";

const KEPT = 8;

export class TextProgress {
  constructor() {
    this.reset();
  }

  /** Another stream of turns begins. */
  reset() {
    this._turns = new Map();
  }

  /** Learn a turn's text. */
  begin(turn, text) {
    this._of(turn).length = lengthOf(text);
  }

  /** Learn the words that come next. @param {{turn: number, words: {word: string, end: number}[]}} message */
  add({ turn, words }) {
    const { ends } = this._of(turn);
    for (const { word, end } of words) ends.push({ end, length: lengthOf(word) });
  }

  /**
   * How much of a turn has been heard, 0 to 1; null where nobody can say.
   * @param {number} turn
   * @param {number | null} heard the sample at the listener's ear
   */
  share(turn, heard) {
    const { length, ends } = this._turns.get(turn) ?? {};
    if (!length || !ends.length || heard === null) return null;
    const said = ends.reduce((sum, word) => sum + (word.end <= heard ? word.length : 0), 0);
    return Math.min(1, said / length);
  }

  /** How long a turn's text is, without spaces. */
  length(turn) {
    return this._turns.get(turn)?.length ?? 0;
  }

  _of(turn) {
    if (!this._turns.has(turn)) this._turns.set(turn, { length: 0, ends: [] });
    if (this._turns.size > KEPT) this._turns.delete(this._turns.keys().next().value);
    return this._turns.get(turn);
  }
}

const lengthOf = (text) => withoutMarks(text).replace(/\s/g, "").length;
