/** Plays a stream's audio by its sample numbers, and knows which sample is being heard. */

const FADE_S = 0.008;
const MAX_DELAY_S = 0.4;
/** Sound is made in blocks: what is scheduled closer to now may lose its beginning. */
const MARGIN_S = 0.025;

export class SoundPlayer {
  /**
   * Make it from a click: browsers start sound only then.
   * @param {number} sampleRate of the audio
   * @param {number} delayS from the arrival of the first audio until it is played; where audio is
   *   late, the rest waits twice as long
   */
  constructor(sampleRate, delayS) {
    this._sampleRate = sampleRate;
    this._delayS = delayS;
    this._context = openContext(sampleRate);
    this._anchor = null;
    this._held = null;
    this._paused = false;
    this._nodes = new Set();
    /** @type {(() => void) | null} samples will be heard later than was known before */
    this.onshift = null;
    /** What all sound goes through, for tests and meters. @type {AudioNode} */
    this.output = this._context.createGain();
    this.output.connect(this._context.destination);
    this._addGate();
    void this._context.resume();
  }

  /**
   * Play samples when it is their turn.
   * @param {number} start index of the first sample
   * @param {Int16Array} samples
   */
  push(start, samples) {
    if (!samples.length || this._context.state === "closed") return;
    if (this._anchor && this._timeOf(start) < this._context.currentTime + MARGIN_S) {
      this._delayS = Math.min(MAX_DELAY_S, 2 * this._delayS);
    }
    this.expect(start);
    const buffer = this._context.createBuffer(1, samples.length, this._sampleRate);
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32_768), 0);
    const node = this._context.createBufferSource();
    node.buffer = buffer;
    node.connect(this._gate);
    node.start(this._timeOf(start));
    node.onended = () => this._nodes.delete(node);
    this._nodes.add(node);
  }

  /**
   * Get ready to play a sample: if it is too late for it, the sample will be heard later.
   * @param {number} sample
   * @param {number} [spareS] how early it has to be, seconds
   */
  expect(sample, spareS = MARGIN_S) {
    this._held = null;
    if (!this._anchor || this._timeOf(sample) < this._context.currentTime + spareS) {
      this._place(sample, this._context.currentTime + this._delayS);
    }
  }

  /** The sample at the listener's ear, or null before the first. */
  get heard() {
    if (this._held !== null) return this._held;
    return this._runs ? this._sampleAt(this._anchor, this._outputTime()) : null;
  }

  /** As `heard`, but counted back from what comes, where something is waited for; null if nothing is. */
  get due() {
    return this._runs && this._held === null ? this._straight(this._anchor, this._outputTime()) : null;
  }

  /** Fall silent at once, forget what was to be played, and stand still. @returns {number | null} the last sample heard */
  hold() {
    this._held = this.heard;
    const now = this._context.currentTime;
    this._gate.gain.setValueAtTime(1, now);
    this._gate.gain.linearRampToValueAtTime(0, now + FADE_S);
    for (const node of this._nodes) node.stop(now + FADE_S);
    this._nodes.clear();
    this._addGate();
    return this._held;
  }

  /** Let time run again, from a sample that is heard now. */
  goOn(sample) {
    this._held = null;
    this._place(sample, this._outputTime(), null);
  }

  /** Stand still in the middle of a sound, until resume(). */
  pause() {
    this._paused = true;
    return this._context.suspend();
  }

  async resume() {
    await this._context.resume();
    this._paused = false;
  }

  close() {
    if (this._context.state !== "closed") void this._context.close();
  }

  get _runs() {
    return this._anchor !== null && (this._context.state === "running" || this._paused);
  }

  /** Let a sample be heard at a time; until then, what was planned before is heard. */
  _place(sample, time, before = this._anchor) {
    // On a whole sample of the context, so that one piece of audio joins the next exactly.
    const rate = this._context.sampleRate;
    this._anchor = { sample, time: Math.ceil(time * rate) / rate, before };
    this.onshift?.();
  }

  _sampleAt(anchor, time) {
    if (time >= anchor.time) anchor.before = null;
    if (!anchor.before) return this._straight(anchor, time);
    return Math.min(this._sampleAt(anchor.before, time), anchor.sample);
  }

  _straight(anchor, time) {
    return anchor.sample + (time - anchor.time) * this._sampleRate;
  }

  _timeOf(sample) {
    return this._anchor.time + (sample - this._anchor.sample) / this._sampleRate;
  }

  /** What the listener hears now, on the context's clock. */
  _outputTime() {
    const { currentTime, outputLatency, baseLatency, state } = this._context;
    const stamp = this._context.getOutputTimestamp?.();
    if (state !== "running" || !stamp?.performanceTime) {
      return Math.max(0, currentTime - (outputLatency || baseLatency || 0));
    }
    const time = stamp.contextTime + (performance.now() - stamp.performanceTime) / 1000;
    // A stamp from before a pause is too old to go by.
    return Math.min(currentTime, time);
  }

  /** What comes from now on does not fade with what was stopped. */
  _addGate() {
    this._gate = this._context.createGain();
    this._gate.connect(this.output);
  }
}

/** A context at the audio's own rate if the browser can, so that nothing is resampled piece by piece. */
function openContext(sampleRate) {
  try {
    return new AudioContext({ latencyHint: "interactive", sampleRate });
  } catch {
    return new AudioContext({ latencyHint: "interactive" });
  }
}
