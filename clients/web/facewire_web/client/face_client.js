/**
 * The Facewire client for pages: faces from a daemon, live.
 *
 *     import { FaceClient } from "facewire";
 *     const client = new FaceClient("ws://127.0.0.1:8765");
 *     client.onframe = (frame) => console.log(frame.timestamp, frame.pose.jawOpen);
 *     await client.watch();
 *
 * One client is one connection. It does not reconnect: that is the page's decision (see page/feed.js). After
 * close() it holds nothing, and every promise that it gave is settled.
 */

import { Connection, FaceError } from "./connection.js";
import { VERSION, encodeAudio } from "./wire.js";

export { FaceError };

const MAX_UNSENT_S = 0.5;
/** The server fills up to two seconds with silence, so a longer gap gets a silent sample every so often. */
const LONGEST_GAP_S = 1.5;

/** @typedef {import("./connection.js").Frame} Frame */

/** One connection to a stream of faces: the daemon's, or one made from our own audio. */
export class FaceClient extends Connection {
  /** @param {string} server such as "ws://127.0.0.1:8765"; http and https are understood too */
  constructor(server) {
    super(server);
    /** @type {((start: number, samples: Int16Array) => void) | null} audio at hello.sample_rate */
    this.onaudio = null;
    /** @type {((end: {frames: number, dropped: number, late: number}) => void) | null} */
    this.onend = null;
    /** @type {((hello: object) => void) | null} another look-ahead holds; the hello says which */
    this.onlookahead = null;
    /** @type {((silence: {start: number, samples: number, total: number}) => void) | null} see `silence` */
    this.onsilence = null;
    /**
     * The last silence that went on where our audio had stopped, or null: from our sample `start` on, our
     * sample s is sample s + `total` of the stream, both at the session's rate.
     */
    this.silence = null;
    this.dropped = 0;
    this._lastIndex = null;
    /** Samples that the caller gave, and the end of the last that were sent. */
    this._given = this._sentTo = 0;
    this._sampleRate = 0;
  }

  /**
   * Watch the daemon's live stream.
   * @param {{audio?: boolean}} [options] audio: also receive the sound, through onaudio
   * @returns {Promise<object>} the hello, when there is a stream
   */
  watch({ audio = false } = {}) {
    return this._connect("face", null, { format: "binary", audio: audio ? "1" : "0" });
  }

  /**
   * Start a session of one's own: send audio, get its faces.
   * @param {{sampleRate: number, lookaheadMs?: number, frameRate?: string, idle?: boolean, provisional?: boolean,
   *   emotion?: Record<string, number> | null, style?: Record<string, number> | null}} options
   *   provisional: each frame comes twice, first at once and without look-ahead (see provisional_blend.js);
   *   emotion: what the speaker feels, such as { happy: 0.8 }; null: what the server's profile says;
   *   style: how the face moves, such as { grid: 0.3 }, by the names of a hello's `styles`; null: as is usual for the server
   * @returns {Promise<object>} the hello
   */
  openSession({
    sampleRate, lookaheadMs = 80, frameRate = "60", idle = true, provisional = false, emotion = null, style = null,
  }) {
    this._sampleRate = sampleRate;
    return this._connect("session", {
      type: "open", version: VERSION, sample_rate: sampleRate, sample_format: "f32le", channels: 1,
      frame_rate: frameRate, lookahead_ms: lookaheadMs, format: "binary", idle, ...(provisional && { provisional }),
      ...(emotion && { emotion }), ...(style && { style }),
    });
  }

  /**
   * Send the next samples of a session. Where the network is too slow for sound, samples are left
   * out rather than kept for later, and are silence to the server.
   * @param {Float32Array} samples mono, at the session's rate
   * @returns {boolean} whether they were sent
   */
  sendAudio(samples) {
    const start = this._given;
    this._given += samples.length;
    if (!this._isOpen || !this.hello) return false;
    if (this._socket.bufferedAmount > MAX_UNSENT_S * this._sampleRate * 4) return false;
    this._bridge(start);
    this._socket.send(encodeAudio(samples, start));
    this._sentTo = this._given;
    return true;
  }

  /** Leave no gap that is too long for the server to fill. */
  _bridge(start) {
    const longest = Math.floor(LONGEST_GAP_S * this._sampleRate);
    while (start - this._sentTo > longest) {
      this._socket.send(encodeAudio(new Float32Array(1), this._sentTo + longest));
      this._sentTo += longest + 1;
    }
  }

  /**
   * Let the faces of a session listen further ahead, or less far, from the audio on that is sent next.
   * @param {number} ms
   */
  setLookahead(ms) {
    this._send({ type: "lookahead", ms });
  }

  /**
   * Let the speaker feel something else from the audio on that is sent next.
   * @param {Record<string, number> | null} emotion shares in [0, 1], such as { happy: 0.8 }; null: what the
   *   server's profile says
   */
  setEmotion(emotion) {
    this._send({ type: "emotion", emotion });
  }

  /**
   * Say that no more audio comes.
   * @returns {Promise<object>} the server's end, after the last frames
   * @throws {FaceError} there was no session, or its connection ended before
   */
  end() {
    if (!this.hello && !this._over) return Promise.reject(new FaceError("There is no session yet that could end.", "not-open"));
    this._send({ type: "end" });
    return this._expect("end");
  }

  _take(message) {
    if (message.type === "hello") this._lastIndex = null;
    if (message.type === "silence") {
      const { start, samples, total } = message;
      this.silence = { start, samples, total };
      this._notify("onsilence", this.silence);
    }
    if (message.type === "end") this._notify("onend", message);
    if (message.type === "lookahead" && this.hello) {
      this.hello = { ...this.hello, lookahead: message.lookahead };
      this._notify("onlookahead", this.hello);
    }
  }

  _takeAudio({ start, pcm }) {
    this._notify("onaudio", start, new Int16Array(pcm));
  }

  _takeFrame(frame, receivedMs) {
    if (!frame.provisional) {
      if (this._lastIndex !== null) this.dropped += Math.max(0, frame.index - this._lastIndex - 1);
      this._lastIndex = frame.index;
    }
    super._takeFrame(frame, receivedMs);
  }
}
