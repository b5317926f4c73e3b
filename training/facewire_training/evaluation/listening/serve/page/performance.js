/** One sound, and the faces that can be seen with it, in step: the face follows what is heard. */

import { FaceView } from "./facewire/face/face_view.js";
import { mixPoses, neutralPose, poseFrom } from "./facewire/client/pose.js";
import { SoundContext } from "./facewire/sound/context.js";

/** So that the first samples are not cut off. */
const AHEAD_S = 0.08;

export class Performance {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this._view = new FaceView(canvas);
    /** The slot that plays, or null. @type {string | null} */
    this.playing = null;
    /** Something has begun or ended. @type {() => void} */
    this.onchange = () => {};
    /** A face was played to its end. @type {(slot: string) => void} */
    this.onheard = () => {};
    /** How much of it has been heard, 0 to 1. @type {(share: number) => void} */
    this.onshare = () => {};
    /** The browser plays no sound, or does again. @type {(silent: boolean) => void} */
    this.onsilent = () => {};
    this._faces = new Map();
    this._buffer = this._source = null;
    this._startFrame = 0;
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
  }

  /** Get ready in a click or a key: browsers start sound only then. */
  open() {
    // Else the switch on the side of an iPhone silences it.
    if (navigator.audioSession) navigator.audioSession.type = "playback";
    this._sound ??= new SoundContext(null, (state) => this.onsilent(state === "stopped"));
  }

  /**
   * Take what the next screen shows.
   * @param {ArrayBuffer} sound an audio file
   * @param {Map<string, {names: string[], rate: number, weights: string, head: number[][]}>} faces by slot
   */
  async load(sound, faces) {
    this.stop();
    this._buffer = await this._sound.audio.decodeAudioData(sound);
    this._faces = new Map([...faces].map(([slot, face]) => [slot, unpacked(face)]));
    this._view.draw(neutralPose());
    this.onshare(0);
  }

  /** What is drawn, for tests. */
  get drawn() {
    return this._view.drawn;
  }

  /** How many seconds have been heard; below 0 before the first. */
  get heardS() {
    return (this._sound.heardFrame - this._startFrame) / this._sound.audio.sampleRate;
  }

  /** Play a face from its beginning. */
  async play(slot) {
    this.stop();
    this.playing = slot;
    this.onchange();
    await this._sound.resume();
    if (this.playing !== slot || this._source) return;
    const { audio } = this._sound;
    this._source = audio.createBufferSource();
    this._source.buffer = this._buffer;
    this._source.connect(audio.destination);
    const startS = audio.currentTime + AHEAD_S;
    this._startFrame = startS * audio.sampleRate;
    this._source.start(startS);
    this._follow(this._source);
  }

  /** Fall silent in the middle: this does not count as heard. */
  stop() {
    this._source?.stop();
    this._source?.disconnect();
    this._source = this.playing = null;
    this.onchange();
  }

  _follow(source) {
    if (this._source !== source) return;
    const { heardS } = this;
    this._view.draw(poseAt(this._faces.get(this.playing), Math.max(0, heardS)));
    this.onshare(Math.min(1, Math.max(0, heardS / this._buffer.duration)));
    if (heardS < this._buffer.duration) {
      requestAnimationFrame(() => this._follow(source));
      return;
    }
    const slot = this.playing;
    this.stop();
    this.onheard(slot);
  }
}

function unpacked({ names, rate, weights, head }) {
  const bytes = Uint8Array.from(atob(weights), (letter) => letter.charCodeAt(0));
  return { names, rate, bytes, head };
}

/** The pose at a time, between its two frames; the last one stays. */
function poseAt(face, seconds) {
  const last = face.head.length - 1;
  const place = Math.min(seconds * face.rate, last);
  const before = Math.floor(place);
  return mixPoses(frame(face, before), frame(face, Math.min(before + 1, last)), place - before);
}

function frame({ names, bytes, head }, index) {
  const part = bytes.subarray(index * names.length, (index + 1) * names.length);
  return poseFrom(names, Array.from(part, (byte) => byte / 255), head[index]);
}
