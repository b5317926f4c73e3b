// The little of Web Audio that the peers' worklets need. Messages between a node and its
// processor arrive at once, so a peer is never charged for the browser's threads.

const QUANTUM = 128;
const processors = new Map();
let handed = null;

class Port {
  onmessage = null;
  other = null;

  postMessage(data) {
    this.other?.onmessage?.({ data });
  }
}

class AudioWorkletProcessor {
  constructor() {
    this.port = handed;
  }
}

class AudioWorkletNode {
  constructor(context, name, options = {}) {
    this.context = context;
    this.port = new Port();
    handed = new Port();
    this.port.other = handed;
    handed.other = this.port;
    const kind = processors.get(name);
    const described = kind.parameterDescriptors ?? [];
    this.parameters = new Map(described.map((p) => [p.name, { value: p.defaultValue }]));
    for (const [key, value] of Object.entries(options.parameterData ?? {})) {
      this.parameters.get(key).value = value;
    }
    this.processor = new kind(options);
  }
}

export function defineGlobals(sampleRate) {
  Object.assign(globalThis, {
    AudioWorkletProcessor,
    AudioWorkletNode,
    sampleRate,
    currentTime: 0,
    registerProcessor: (name, kind) => processors.set(name, kind),
  });
}

/** Read all of standard input as little-endian float32. */
export async function readSamples() {
  const pieces = [];
  for await (const piece of process.stdin) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/**
 * Let a node hear the samples in quanta of 128, and call `show(seconds)` at every frame, when all
 * whole quanta before it have been heard.
 */
export function play(node, samples, frameRate, show) {
  const frames = Math.ceil((samples.length / sampleRate) * frameRate);
  let heard = 0;
  for (let frame = 0; frame < frames; frame++) {
    const now = frame / frameRate;
    while (heard + QUANTUM <= now * sampleRate) {
      globalThis.currentTime = heard / sampleRate;
      const parameters = Object.fromEntries(
        [...node.parameters].map(([name, { value }]) => [name, new Float32Array([value])]),
      );
      node.processor.process([[samples.subarray(heard, heard + QUANTUM)]], [], parameters);
      heard += QUANTUM;
    }
    show(now);
  }
}

/** Print the weights by viseme at a moment, as one line of JSON. */
export function tell(seconds, weights) {
  process.stdout.write(`${JSON.stringify({ time_s: seconds, weights })}\n`);
}
