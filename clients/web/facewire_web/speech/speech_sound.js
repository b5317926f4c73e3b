/** The sound of turns of speech: opened in a click, begun with each stream; without any, the face speaks alone. */

import { SILENT, SoundPlayer } from "../sound/sound_player.js";

const BUFFER_S = 0.08;

export class SpeechSound {
  /**
   * @param {{onshift: () => void, onstate: (state: import("../sound/context.js").SoundState) => void,
   *   onsound: (sentence: string) => void}} listener onshift: samples are heard at another time than was known
   *   before; onsound: why nothing is heard, empty when it is again
   */
  constructor(listener) {
    this._listener = listener;
    /** @type {SoundPlayer | null} */
    this.player = null;
    this._stream = null;
  }

  /** Open it, in the click or the key that asks for speech, before anything is waited for. */
  open(sampleRate) {
    if (this.player) return;
    try {
      this.player = new SoundPlayer({ sampleRate });
    } catch {
      this._listener.onsound(SILENT);
      return;
    }
    this.player.onshift = () => this._listener.onshift();
    this.player.onstate = (state) => {
      this._listener.onstate(state);
      if (state === "stopped") this._listener.onsound(SILENT);
      else if (state === "running") this._listener.onsound("");
    };
  }

  /** Settles when sound can be played; never throws. @type {Promise<void>} */
  get ready() {
    return this.player?.ready.catch(() => {}) ?? Promise.resolve();
  }

  /** Play a stream from now on, unless it is the one that is played. @param {{sample_rate: number}} hello */
  begin(hello) {
    if (this._stream === hello || !this.player) return;
    this._stream = hello;
    this.player.begin({ sampleRate: hello.sample_rate, delayS: BUFFER_S, live: false });
  }

  push(start, samples) {
    this.player?.push(start, samples);
  }

  /** Get ready to play a sample soon. */
  expect(sample) {
    this.player?.expect(sample, BUFFER_S / 2);
  }

  /** "none" without any sound. */
  get state() {
    return this.player?.state ?? "none";
  }

  /** See `SoundPlayer.heard`; null without sound. */
  get heard() {
    return this.player?.heard ?? null;
  }

  /** See `SoundPlayer.due`; null without sound. */
  get due() {
    return this.player?.due ?? null;
  }

  /** See `SoundPlayer.hold`; null without sound. */
  hold() {
    return this.player?.hold() ?? null;
  }

  goOn(sample) {
    this.player?.goOn(sample);
  }

  pause() {
    this.player?.pause().catch(() => {});
  }

  async resume() {
    await this.player?.resume().catch(() => {});
  }

  /** Give the sound back; the next click opens another. */
  close() {
    this.player?.close();
    this.player = this._stream = null;
  }
}
