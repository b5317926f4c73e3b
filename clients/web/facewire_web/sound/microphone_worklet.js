/** Runs beside the sound card: gathers the microphone into blocks of 10 ms and posts them. */

const BLOCKS_PER_SECOND = 100;

class MicrophoneBlocks extends AudioWorkletProcessor {
  constructor() {
    super();
    this._block = new Float32Array(Math.round(sampleRate / BLOCKS_PER_SECOND));
    this._filled = 0;
  }

  process([input]) {
    const samples = mono(input);
    for (let from = 0; from < samples.length;) {
      const count = Math.min(this._block.length - this._filled, samples.length - from);
      this._block.set(samples.subarray(from, from + count), this._filled);
      this._filled += count;
      from += count;
      if (this._filled === this._block.length) this._post();
    }
    return true;
  }

  _post() {
    const block = this._block;
    this._block = new Float32Array(block.length);
    this._filled = 0;
    this.port.postMessage(block, [block.buffer]);
  }
}

function mono(channels) {
  if (channels.length < 2) return channels[0] ?? new Float32Array(0);
  const mixed = new Float32Array(channels[0].length);
  for (const channel of channels) {
    for (let i = 0; i < mixed.length; i += 1) mixed[i] += channel[i] / channels.length;
  }
  return mixed;
}

registerProcessor("microphone-blocks", MicrophoneBlocks);
