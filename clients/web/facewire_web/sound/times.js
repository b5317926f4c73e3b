/**
 * Which sample of a stream is played when.
 *
 * @typedef {Object} Anchor From `frame` on, `sample` and those after it are played.
 * @property {number} frame of the audio context, counted at its rate
 * @property {number} sample
 * @property {number} step samples a frame
 */

const KEPT = 32;

export class SoundTimes {
  /** @param {Anchor | null} anchor to go by, if one is known */
  constructor(anchor = null) {
    /** @type {Anchor[]} */
    this._anchors = anchor ? [anchor] : [];
  }

  /** Whether anything is known. */
  get known() {
    return this._anchors.length > 0;
  }

  /** Let an anchor hold from its frame on, instead of what was said of that time before. @param {Anchor} anchor */
  place(anchor) {
    this._anchors = [...this._anchors.filter(({ frame }) => frame < anchor.frame), anchor].slice(-KEPT);
  }

  /** The sample at a frame, or null. What the next anchor begins with is not reached before its time. */
  at(frame) {
    const { sample, limit } = this._line(frame);
    return sample === null ? null : Math.min(sample, limit);
  }

  /** The sample that is played at a frame, or null where the next anchor is waited for. */
  playedAt(frame) {
    const { sample, limit } = this._line(frame);
    return sample === null || sample >= limit || frame < this._anchors[0].frame ? null : sample;
  }

  /** As `at`, but counted back from the last anchor, where its time is waited for. */
  dueAt(frame) {
    return this.known ? sampleAt(this._anchors.at(-1), frame) : null;
  }

  /** When a sample is played by the last anchor. */
  frameOf(sample) {
    const last = this._anchors.at(-1);
    return last.frame + (sample - last.sample) / last.step;
  }

  _line(frame) {
    if (!this.known) return { sample: null, limit: Infinity };
    const index = Math.max(0, this._anchors.findLastIndex((anchor) => anchor.frame <= frame));
    return { sample: sampleAt(this._anchors[index], frame), limit: this._anchors[index + 1]?.sample ?? Infinity };
  }
}

function sampleAt({ frame, sample, step }, at) {
  return sample + (at - frame) * step;
}
