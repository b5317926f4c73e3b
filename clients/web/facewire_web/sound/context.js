/** An audio context whose life is watched: browsers stop sound for calls, sleep, policy, and lost devices. */

import { pause } from "../client/pause.js";

const LOOK_EVERY_MS = 500;
const PATIENCE_LOOKS = 4;
const RESUME_MS = 2000;

/**
 * @typedef {"opening" | "running" | "paused" | "stopped" | "closed"} SoundState
 *   paused: by the page; stopped: by the browser, or it never began
 */

export class SoundContext {
  /**
   * Make it in a click or a key: browsers start sound only then.
   * @param {number | null} sampleRate of the audio, if it is known; where the browser can, nothing is resampled
   * @param {(state: SoundState) => void} onstate
   */
  constructor(sampleRate, onstate) {
    /** @type {SoundState} */
    this.state = "opening";
    this._onstate = onstate;
    this.audio = openContext(sampleRate);
    this._paused = false;
    this._time = 0;
    this._stands = 0;
    this.audio.onstatechange = () => this._changed();
    this._timer = setInterval(() => this._look(), LOOK_EVERY_MS);
    // Whatever the browser waited for, it may have it now.
    this._listening = new AbortController();
    for (const event of ["click", "keydown"]) {
      document.addEventListener(event, () => this._tryAgain(), { capture: true, signal: this._listening.signal });
    }
    this._tryAgain();
  }

  /** Whether it has ever played. */
  get ran() {
    return this.audio.currentTime > 0;
  }

  /** Stand still in the middle of a sound, until resume(). */
  pause() {
    this._paused = true;
    this._say("paused");
    return this.audio.suspend();
  }

  /** Go on; call it from a click if the browser may have stopped the sound. */
  async resume() {
    this._paused = false;
    this._stands = 0;
    // Where there is no device, some browsers never answer.
    await Promise.race([this.audio.resume(), pause(RESUME_MS)]);
    this._changed();
  }

  close() {
    clearInterval(this._timer);
    this._listening.abort();
    this.audio.onstatechange = null;
    this._say("closed");
    if (this.audio.state !== "closed") this.audio.close().catch(() => {});
  }

  /** What the listener hears now, in frames of the context. */
  get heardFrame() {
    const { currentTime, outputLatency, baseLatency, state, sampleRate } = this.audio;
    const stamp = this.audio.getOutputTimestamp?.();
    if (state !== "running" || !stamp?.performanceTime) {
      return Math.max(0, currentTime - (outputLatency || baseLatency || 0)) * sampleRate;
    }
    const time = stamp.contextTime + (performance.now() - stamp.performanceTime) / 1000;
    // A stamp from before a pause is too old to go by.
    return Math.min(currentTime, time) * sampleRate;
  }

  _tryAgain() {
    if (!this._paused && this.audio.state !== "running") this.audio.resume().catch(() => {});
  }

  _changed() {
    if (this.audio.state === "running") return this._paused || this._say("running");
    // A context that has not begun yet gets the time of a few looks.
    if (this.state === "running") this._say(this._paused ? "paused" : "stopped");
    return undefined;
  }

  /** The state alone does not tell: where a device went away, a running context stands. */
  _look() {
    const { currentTime } = this.audio;
    this._stands = currentTime > this._time || this._paused ? 0 : this._stands + 1;
    this._time = currentTime;
    if (this._paused) return;
    if (this._stands >= PATIENCE_LOOKS) this._say("stopped");
    else if (!this._stands && this.audio.state === "running") this._say("running");
  }

  _say(state) {
    if (state === this.state || this.state === "closed") return;
    this.state = state;
    this._onstate(state);
  }
}

function openContext(sampleRate) {
  const options = { latencyHint: "interactive" };
  try {
    return new AudioContext(sampleRate ? { ...options, sampleRate } : options);
  } catch {
    return new AudioContext(options);
  }
}
