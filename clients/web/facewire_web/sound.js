/** Plays the daemon's audio in one piece, and knows which sample is being heard. */

const SPARE_S = 0.08;

export class SoundPlayer {
  /**
   * Make it from a click: browsers start sound only then.
   * @param {number} sampleRate of the audio
   * @param {number} delayS how long the faces take to follow their audio
   */
  constructor(sampleRate, delayS) {
    this._sampleRate = sampleRate;
    this._delayS = delayS + SPARE_S;
    this._context = new AudioContext({ latencyHint: "interactive" });
    this._anchor = null;
    void this._context.resume();
  }

  /**
   * Play samples when it is their turn.
   * @param {number} start index of the first sample
   * @param {Int16Array} samples
   */
  push(start, samples) {
    if (!samples.length || this._context.state === "closed") return;
    const now = this._context.currentTime;
    if (!this._anchor || this._timeOf(start) < now) {
      this._anchor = { sample: start, time: now + this._delayS };
    }
    const buffer = this._context.createBuffer(1, samples.length, this._sampleRate);
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32_768), 0);
    const node = this._context.createBufferSource();
    node.buffer = buffer;
    node.connect(this._context.destination);
    node.start(this._timeOf(start));
  }

  /** The sample at the listener's ear, or null before the first. */
  get heard() {
    if (!this._anchor || this._context.state !== "running") return null;
    const latency = this._context.outputLatency || this._context.baseLatency || 0;
    const since = this._context.currentTime - latency - this._anchor.time;
    return this._anchor.sample + since * this._sampleRate;
  }

  close() {
    if (this._context.state !== "closed") void this._context.close();
  }

  _timeOf(sample) {
    return this._anchor.time + (sample - this._anchor.sample) / this._sampleRate;
  }
}
