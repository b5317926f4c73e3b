/** What every connection to a Facewire server does: greet, keep the clocks compared, say why it ended. */

import { ClockOffset } from "./clock_offset.js";
import { FaceError, closeError, leftError, refusal } from "./face_error.js";
import { Heartbeat } from "./heartbeat.js";
import { poseFrom } from "./pose.js";
import { serverUrl, withoutSecrets } from "./server_url.js";
import { decodeBinary, decodeText } from "./wire.js";

export { FaceError };

const NORMAL_CLOSE = 1000;
const BROKEN = 1006;
const PATIENCE_MS = 20_000;

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

/**
 * One connection to a Facewire server. It connects once, and is extended by what it is for.
 *
 * What a listener throws is reported as any uncaught error is, and ends nothing.
 */
export class Connection {
  /** @param {string | URL} server such as "ws://127.0.0.1:8765" or "https://example.org/faces/?token=abc" */
  constructor(server) {
    this.server = String(server);
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
    this._url = null;
    this._failure = null;
    this._opened = this._closing = this._over = false;
    /** @type {Map<string, {promise: Promise<object>, resolve: Function, reject: Function}>} */
    this._waiting = new Map();
    this._heartbeat = new Heartbeat(() => this._ping(), () => this._fail(silence(this._url)));
  }

  /** Close the connection. onclose is not called; whatever is waited for fails with the code `left`. */
  close() {
    this.onclose = null;
    this._end(leftError());
  }

  _connect(path, open, query = {}) {
    if (this._socket || this._over) throw new Error("A client connects once; make another one.");
    const hello = this._expect("hello");
    if (typeof WebSocket === "undefined") {
      this._end(new FaceError("There is no WebSocket here; use a browser, Node 22, or Node 20 with --experimental-websocket.", "no-websocket"));
      return hello;
    }
    try {
      this._url = serverUrl(this.server, path, query);
      this._socket = new WebSocket(this._url);
    } catch {
      this._end(new FaceError(`“${withoutSecrets(this.server)}” is not an address that this page can reach.`, "bad-address"));
      return hello;
    }
    this._socket.binaryType = "arraybuffer";
    // Browsers wait for minutes for a server that takes the connection and then hangs.
    this._patience = setTimeout(() => this._fail(unanswered(this._url)), PATIENCE_MS);
    this._socket.onopen = () => {
      clearTimeout(this._patience);
      this._opened = true;
      if (open) this._send(open);
      this._heartbeat.start();
      this._notify("onopen");
    };
    this._socket.onmessage = ({ data }) => this._receive(data, performance.now());
    this._socket.onclose = (event) => void this._closed(event);
    // An error is the end; where no connection came about, Node 20 tells no other.
    this._socket.onerror = () => void this._closed({ code: BROKEN, reason: "" });
    return hello;
  }

  _receive(data, receivedMs) {
    this._heartbeat.heard();
    let message;
    try {
      message = typeof data === "string" ? decodeText(data) : decodeBinary(data);
      if (message.kind === "frame") this._check(message);
    } catch (error) {
      this._fail(new FaceError(error.message, "protocol"));
      return;
    }
    if (message.kind === "text") this._receiveText(message.value, receivedMs);
    else if (message.kind === "audio") this._takeAudio(message);
    else if (this.hello) this._takeFrame(message, receivedMs);
  }

  _receiveText(message, receivedMs) {
    if (message.type === "pong") {
      this.clock.add(message.client_ns / 1e6, receivedMs, message.clock_ns);
    } else if (message.type === "error") {
      this._failure = new FaceError(message.message, message.code);
    } else {
      if (message.type === "hello") this.hello = message;
      this._settle(message.type, message);
      this._take(message);
    }
  }

  _check({ weights }) {
    if (this.hello && weights.length !== this.hello.names.length) {
      throw new Error(`The server sent a face of ${weights.length} weights, not ${this.hello.names.length}.`);
    }
  }

  /** Take a text message that not every connection knows. */
  _take() {}

  /** Take audio, as the wire has it. */
  _takeAudio() {}

  _takeFrame(frame, receivedMs) {
    this.frames += frame.provisional ? 0 : 1;
    frame.receivedMs = receivedMs;
    frame.pose = poseFrom(this.hello.names, frame.weights, frame.head);
    frame.latency = this._latency(frame);
    this._notify("onframe", frame);
  }

  _latency(frame) {
    if (!frame.capturedNs || this.clock.ms === null) return null;
    const stages = Object.fromEntries(Object.entries(frame.stages).map(([name, us]) => [name, us / 1000]));
    const total = frame.receivedMs + this.clock.ms - frame.capturedNs / 1e6;
    const known = Object.values(stages).reduce((sum, ms) => sum + ms, 0);
    return { ...stages, transport: Math.max(0, total - known), total: Math.max(total, known) };
  }

  /** Call a listener. Its mistakes are its own. */
  _notify(name, ...values) {
    try {
      this[name]?.(...values);
    } catch (error) {
      report(error);
    }
  }

  async _closed(event) {
    if (this._closing) return undefined;
    this._closing = true;
    this._heartbeat.stop();
    if (this._failure) return this._end(this._failure);
    if (!this._opened) return this._end(await refusal(this._url));
    return this._end(closeError(event, this._url), { well: event.code === NORMAL_CLOSE });
  }

  /** Give the connection up: a server that is not heard would not answer a farewell either. */
  _fail(error) {
    this._end(this._failure ?? error);
  }

  /** It is over, whatever the socket still does: settle all that waits, say why. */
  _end(error, { well = false } = {}) {
    if (this._over) return;
    this._over = true;
    this._failure = error;
    clearTimeout(this._patience);
    this._heartbeat.stop();
    const socket = this._socket;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close(NORMAL_CLOSE);
    }
    for (const what of [...this._waiting.keys()]) this._settle(what, error);
    this._notify("onclose", well ? null : error);
  }

  _ping() {
    this._send({ type: "ping", id: 0, client_ns: Math.round(performance.now() * 1e6) });
  }

  _send(message) {
    if (this._isOpen) this._socket.send(JSON.stringify(message));
  }

  get _isOpen() {
    return !this._over && this._socket?.readyState === WebSocket.OPEN;
  }

  /** A promise of the message of a type, or of why it will not come. */
  _expect(what) {
    if (this._waiting.has(what)) return this._waiting.get(what).promise;
    if (this._over) return quietly(Promise.reject(this._failure));
    const waiting = {};
    waiting.promise = quietly(new Promise((resolve, reject) => Object.assign(waiting, { resolve, reject })));
    this._waiting.set(what, waiting);
    return waiting.promise;
  }

  _settle(what, outcome) {
    const waiting = this._waiting.get(what);
    this._waiting.delete(what);
    if (outcome instanceof Error) waiting?.reject(outcome);
    else waiting?.resolve(outcome);
  }
}

/** Whoever calls may leave the promise alone: onclose tells the same. */
function quietly(promise) {
  promise.catch(() => {});
  return promise;
}

function silence(url) {
  return new FaceError(`The server at ${url.host} is not heard any more.`, "half-open");
}

function unanswered(url) {
  return new FaceError(`What is at ${url.host} takes the connection, and does not answer.`, "absent");
}

function report(error) {
  if (globalThis.reportError) globalThis.reportError(error);
  else setTimeout(() => { throw error; });
}
