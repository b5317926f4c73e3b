/** What the page says to its sound, and what the sound reports, wherever it is rendered. */

import { LiveSound } from "./live.js";
import { PlacedSound } from "./placed.js";

const REPORT_EVERY_S = 0.04;

/**
 * @typedef {Object} SoundReport
 * @property {number} stream how often the page has said `begin` or `restart`
 * @property {import("./times.js").Anchor | null} anchor which sample of live sound is played now
 * @property {{wanted: number, actual: number} | null} delay of live sound, seconds
 * @property {number} received samples, of all streams
 */

export class SoundCommands {
  /**
   * @param {number} contextRate Hz
   * @param {(report: SoundReport) => void} onreport
   */
  constructor(contextRate, onreport) {
    this._contextRate = contextRate;
    this._onreport = onreport;
    this._sound = null;
    this._stream = 0;
    this._received = 0;
    this._reportAt = 0;
    this._isRead = true;
  }

  /**
   * Do what the page says.
   * @param {{do: "begin" | "restart" | "push" | "place" | "hold" | "next"}} command next: a report was read
   * @param {number} frame of the context, now
   */
  take(command, frame) {
    if (command.do === "next") this._isRead = true;
    else if (command.do === "begin") this._begin(command);
    else if (command.do === "push") this._push(command, frame);
    else if (command.do === "place") this._sound.place(command.anchor);
    else if (command.do === "hold") this._sound.hold(frame);
    else if (command.do === "restart") {
      this._stream = command.stream;
      this._sound.restart();
    }
  }

  /** Render the next block. @param {Float32Array} out @param {number} frame of its first sample */
  render(out, frame) {
    if (!this._sound) return;
    this._sound.render(out, frame);
    // A page that does not read gets no more reports: they would wait in memory.
    if (!this._isRead || frame < this._reportAt) return;
    this._isRead = false;
    this._reportAt = frame + REPORT_EVERY_S * this._contextRate;
    const { anchor = null, delay = null } = this._sound;
    this._onreport({ stream: this._stream, anchor, delay, received: this._received });
  }

  _begin(command) {
    this._stream = command.stream;
    this._reportAt = 0;
    this._sound = command.live ? new LiveSound(this._contextRate, command) : new PlacedSound(this._contextRate, command);
  }

  _push({ start, samples }, frame) {
    this._received += samples.length;
    this._sound.push(start, samples, frame);
  }
}
