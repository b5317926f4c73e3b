/** The messages of the Facewire protocol, version 1: bytes and text to values and back. */

export const VERSION = 1;

const AUDIO_KIND = 0x41;
const FRAME_KIND = 0x46;
const PROVISIONAL_KIND = 0x50;
const AUDIO_HEADER_BYTES = 16;
const FRAME_HEADER_BYTES = 64;

/**
 * @typedef {Object} WireFrame
 * @property {"frame"} kind
 * @property {number} turn which utterance of the stream
 * @property {number} index 0, 1, 2 … within the stream; a gap means frames that were skipped
 * @property {number} timestamp the sample that this face belongs to, at the hello's sample rate
 * @property {number} capturedNs server clock when the last sample it needed arrived; 0 if unknown
 * @property {{queue: number, encode: number, decode: number, face: number, send: number}} stages µs
 * @property {number} speech how sure the engine is that someone speaks, 0 to 1
 * @property {number[]} head yaw, pitch, roll in radians
 * @property {Float32Array} weights in the order of the hello's names
 * @property {boolean} provisional whether a frame of the same index, which has heard its look-ahead, corrects it later
 */

/**
 * @typedef {Object} WireAudio
 * @property {"audio"} kind
 * @property {number} turn
 * @property {number} start index of the first sample
 * @property {ArrayBuffer} pcm
 */

/**
 * Parse a binary message.
 * @param {ArrayBuffer} data
 * @returns {WireFrame | WireAudio}
 * @throws {Error} not a message of this version
 */
export function decodeBinary(data) {
  const view = new DataView(data);
  if (data.byteLength < AUDIO_HEADER_BYTES) throw new Error("The server sent a message that is too short.");
  if (view.getUint8(1) !== VERSION) {
    throw new Error(`This page speaks version ${VERSION} of the protocol, the server ${view.getUint8(1)}.`);
  }
  if ([FRAME_KIND, PROVISIONAL_KIND].includes(view.getUint8(0))) return decodeFrame(data, view);
  if (view.getUint8(0) === AUDIO_KIND) return decodeAudio(data, view);
  throw new Error("The server sent a binary message of an unknown kind.");
}

/**
 * Parse a text message. Of what this version does not know, only the type is looked at.
 * @param {string} text
 * @returns {WireFrame | {kind: "text", value: {type: string}}}
 * @throws {Error} not a message of this version
 */
export function decodeText(text) {
  const value = JSON.parse(text);
  if (typeof value?.type !== "string") throw new Error("The server sent a message without a type.");
  if (value.type === "frame") return frameFromJson(value);
  if (value.type === "hello" && !(Array.isArray(value.names) && value.sample_rate > 0)) {
    throw new Error("The server greeted without saying what its faces are.");
  }
  return { kind: "text", value };
}

function decodeFrame(data, view) {
  if (data.byteLength < FRAME_HEADER_BYTES || data.byteLength % 4) throw new Error("The server sent a face that is cut short.");
  const float = (offset) => view.getFloat32(offset, true);
  const count = (offset) => view.getUint32(offset, true);
  return {
    kind: "frame",
    turn: count(4),
    index: count(8),
    timestamp: Number(view.getBigInt64(12, true)),
    capturedNs: Number(view.getBigInt64(20, true)),
    stages: { queue: count(28), encode: count(32), decode: count(36), face: count(40), send: count(44) },
    speech: float(48),
    head: [float(52), float(56), float(60)],
    weights: new Float32Array(data, FRAME_HEADER_BYTES),
    provisional: view.getUint8(0) === PROVISIONAL_KIND,
  };
}

function decodeAudio(data, view) {
  return {
    kind: "audio",
    turn: view.getUint32(4, true),
    start: Number(view.getBigInt64(8, true)),
    pcm: data.slice(AUDIO_HEADER_BYTES, data.byteLength - (data.byteLength % 2)),
  };
}

/** A frame that came as JSON, in the same form as a binary one. @returns {WireFrame} */
function frameFromJson(message) {
  if (!Array.isArray(message.weights)) throw new Error("The server sent a face without weights.");
  return {
    kind: "frame",
    turn: message.turn,
    index: message.index,
    timestamp: message.timestamp,
    capturedNs: message.captured_ns,
    stages: message.stages_us,
    speech: message.speech,
    head: message.head,
    weights: Float32Array.from(message.weights),
    provisional: message.provisional === true,
  };
}

/**
 * Serialize audio.
 * @param {Float32Array} samples mono, in [-1, 1]
 * @param {number} start index of the first sample since the stream began
 * @returns {ArrayBuffer}
 */
export function encodeAudio(samples, start, turn = 0) {
  const data = new ArrayBuffer(AUDIO_HEADER_BYTES + 4 * samples.length);
  const view = new DataView(data);
  view.setUint8(0, AUDIO_KIND);
  view.setUint8(1, VERSION);
  view.setUint32(4, turn, true);
  view.setBigInt64(8, BigInt(start), true);
  // All machines that run browsers are little-endian, as the wire is.
  new Float32Array(data, AUDIO_HEADER_BYTES).set(samples);
  return data;
}
