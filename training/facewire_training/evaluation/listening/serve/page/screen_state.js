/** What somebody has done on a screen so far; it outlives a reload. */

export class ScreenState {
  /** @param {string} key of what is kept @param {string[]} slots all that are to be heard @param {string[]} rated those to rate */
  constructor(key, slots, rated) {
    this._key = key;
    this.slots = slots;
    this.rated = rated;
    /** How often each was heard to its end. @type {Record<string, number>} */
    this.plays = {};
    /** @type {Record<string, number>} */
    this.ratings = {};
    this._spentMs = 0;
    this._since = performance.now();
    this._recall();
  }

  /** What is still to be heard. */
  get unheard() {
    return this.slots.filter((slot) => !this.plays[slot]);
  }

  /** What is still to be rated. */
  get unrated() {
    return this.rated.filter((slot) => !(slot in this.ratings));
  }

  get seconds() {
    return (this._spentMs + performance.now() - this._since) / 1000;
  }

  heard(slot) {
    this.plays[slot] = (this.plays[slot] ?? 0) + 1;
    this._keep();
  }

  rate(ratings) {
    Object.assign(this.ratings, ratings);
    this._keep();
  }

  /** It was sent. */
  forget() {
    tryStorage(() => localStorage.removeItem(this._key));
  }

  _keep() {
    const { plays, ratings, seconds } = this;
    tryStorage(() => localStorage.setItem(this._key, JSON.stringify({ plays, ratings, seconds })));
  }

  _recall() {
    const kept = tryStorage(() => JSON.parse(localStorage.getItem(this._key)));
    if (!kept) return;
    Object.assign(this.plays, kept.plays);
    Object.assign(this.ratings, kept.ratings);
    this._spentMs = kept.seconds * 1000;
  }
}

/** Do something with the browser's storage, which private windows may refuse. */
export function tryStorage(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
