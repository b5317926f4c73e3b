/** What every connection to a Facewire server does: greet, keep the clocks compared, say why it ended. */

import { ClockOffset } from "./clock_offset.js";
import { poseFrom } from "./pose.js";
import { decodeBinary, frameFromJson } from "./wire.js";

const PING_EVERY_MS = 2000;
const FIRST_PINGS_MS = [0, 60, 120, 240, 480, 960];
const NORMAL_CLOSE = 1000;

/** What the server said was wrong, or why there is no connection. */
export class FaceError extends Error {
  /**
   * @param {string} message one sentence
   * @param {string} code the protocol's code, or "away" when there is no server
   */
  constructor(message, code) {
    super(message);
    this.name = "FaceError";
    this.code = code;
  }
}

/**
 * @typedef {import("./wire.js").WireFrame & {pose: import("./pose.js").Pose, receivedMs: number,
 *   latency: Latency | null}} Frame
 *
 * @typedef {Object} Latency milliseconds since the last sample that the frame needed was captured
 * @property {number} queue
 * @property {number} encode
 * @property {number} decode
 * @property {number} face
 * @property {number} send
 * @property {number} transport from the server's socket to this page
 * @property {number} total from captured to this page
 */

/** One connection to a Facewire server. It connects once, and is extended by what it is for. */
export class Connection {
  /** @param {string} server such as "ws://127.0.0.1:8765"; http and https are understood too */
  constructor(server) {
    this.server = server.replace(/^http/, "ws").replace(/\/$/, "");
    /** @type {((frame: Frame) => void) | null} */
    this.onframe = null;
    /** @type {(() => void) | null} connected; the hello follows */
    this.onopen = null;
    /** @type {((reason: FaceError | null) => void) | null} null: closed as it should be */
    this.onclose = null;
    /** The server's hello: names, frame_rate, sample_rate, lookahead, hop, engine … */
    this.hello = null;
    this.clock = new ClockOffset();
    this.frames = 0;
    this._socket = null;
    this._failure = null;
    this._waiting = {};
    this._timers = [];
  }

  /** Close the connection. onclose is not called. */
  close() {
    this.onclose = null;
    this._stopTimers();
    this._settle("hello", new FaceError("The connection was closed by this page.", "closed"));
    this._settle("end", new FaceError("The connection was closed by this page.", "closed"));
    this._socket?.close(NORMAL_CLOSE);
  }

  _connect(path, open) {
    if (this._socket) throw new Error("A client connects once; make another one.");
    const hello = this._expect("hello");
    const socket = openSocket(this.server + path);
    if (!socket) {
      this._settle("hello", new FaceError(`“${this.server}” is not an address that this page can reach.`, "bad-address"));
      return hello;
    }
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (open) this._send(open);
      this._timers = FIRST_PINGS_MS.map((ms) => setTimeout(() => this._ping(), ms));
      this._timers.push(setInterval(() => this._ping(), PING_EVERY_MS));
      this.onopen?.();
    };
    socket.onmessage = ({ data }) => this._receive(data, performance.now());
    socket.onclose = (event) => this._closed(event);
    this._socket = socket;
    return hello;
  }

  _receive(data, receivedMs) {
    try {
      if (typeof data === "string") this._receiveJson(JSON.parse(data), receivedMs);
      else this._receiveBinary(decodeBinary(data), receivedMs);
    } catch (error) {
      this._failure = new FaceError(error.message, "bad-message");
      this._socket.close(NORMAL_CLOSE);
    }
  }

  _receiveJson(message, receivedMs) {
    if (message.type === "pong") {
      this.clock.add(message.client_ns / 1e6, receivedMs, message.clock_ns);
    } else if (message.type === "frame") {
      this._receiveFrame(frameFromJson(message), receivedMs);
    } else if (message.type === "error") {
      this._failure = new FaceError(message.message, message.code);
    } else {
      if (message.type === "hello") this.hello = message;
      this._take(message);
      this._settle(message.type, message);
    }
  }

  _receiveBinary(message, receivedMs) {
    if (message.kind === "audio") this._takeAudio(message);
    else this._receiveFrame(message, receivedMs);
  }

  _receiveFrame(frame, receivedMs) {
    if (this.hello) this._takeFrame(frame, receivedMs);
  }

  /** Take a text message that not every connection knows. */
  _take() {}

  /** Take audio, as the wire has it. */
  _takeAudio() {}

  _takeFrame(frame, receivedMs) {
    this.frames += 1;
    frame.receivedMs = receivedMs;
    frame.pose = poseFrom(this.hello.names, frame.weights, frame.head);
    frame.latency = this._latency(frame);
    this.onframe?.(frame);
  }

  _latency(frame) {
    if (!frame.capturedNs || this.clock.ms === null) return null;
    const stages = Object.fromEntries(Object.entries(frame.stages).map(([name, us]) => [name, us / 1000]));
    const total = frame.receivedMs + this.clock.ms - frame.capturedNs / 1e6;
    const known = Object.values(stages).reduce((sum, ms) => sum + ms, 0);
    return { ...stages, transport: Math.max(0, total - known), total: Math.max(total, known) };
  }

  _closed(event) {
    this._stopTimers();
    const ended = event.code === NORMAL_CLOSE && !this._failure;
    const reason = this._failure ?? (ended ? null : closeReason(event, this.server));
    const failure = reason ?? new FaceError("The server closed the connection.", "closed");
    this._settle("hello", failure);
    this._settle("end", failure);
    this.onclose?.(reason);
  }

  _ping() {
    this._send({ type: "ping", id: 0, client_ns: Math.round(performance.now() * 1e6) });
  }

  _send(message) {
    if (this._socket?.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(message));
  }

  _expect(what) {
    const promise = new Promise((resolve, reject) => {
      this._waiting[what] = { resolve, reject };
    });
    // Whoever calls may leave the promise alone: onclose tells the same.
    promise.catch(() => {});
    return promise;
  }

  _settle(what, outcome) {
    const waiting = this._waiting[what];
    delete this._waiting[what];
    if (outcome instanceof Error) waiting?.reject(outcome);
    else waiting?.resolve(outcome);
  }

  _stopTimers() {
    for (const timer of this._timers) clearTimeout(timer);
    this._timers = [];
  }
}

/** A socket, or null where the address is none, or a secure page may not use it. */
function openSocket(address) {
  try {
    return new WebSocket(address);
  } catch {
    return null;
  }
}

function closeReason(event, server) {
  if (event.code === 1001) return new FaceError("The server was shut down.", "away");
  if (event.code === 1006) return new FaceError(`There is no server at ${server}.`, "away");
  return new FaceError(event.reason || `The connection ended with code ${event.code}.`, "closed");
}
