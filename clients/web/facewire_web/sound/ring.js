/** The last seconds of a stream's sound, by sample number; what is missing is silence. */

export class SoundRing {
  /** @param {number} capacity samples; older ones make room */
  constructor(capacity) {
    this._data = new Float32Array(capacity);
    this.clear();
  }

  /** The first sample that is kept. */
  get from() {
    return Math.max(this._begin, this.to - this._data.length);
  }

  /** Forget everything. */
  clear() {
    this._begin = 0;
    /** The sample after the last one. */
    this.to = 0;
  }

  /**
   * Keep samples; what was there before is replaced.
   * @param {number} start index of the first one
   * @param {Int16Array} samples
   */
  write(start, samples) {
    const capacity = this._data.length;
    const end = start + samples.length;
    if (this.from === this.to || start - this.to > capacity) this._begin = this.to = start;
    for (let i = this.to; i < start; i += 1) this._data[i % capacity] = 0;
    this.to = Math.max(this.to, end);
    for (let i = Math.max(start, this.from); i < end; i += 1) this._data[i % capacity] = samples[i - start] / 32_768;
  }

  /** A sample from -1 to 1. */
  at(index) {
    return index >= this.from && index < this.to ? this._data[index % this._data.length] : 0;
  }
}
