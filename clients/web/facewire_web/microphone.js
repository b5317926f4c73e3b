/** The browser's microphone as mono blocks of 10 ms, at the rate of the sound card. */

const REASONS = {
  NotAllowedError: "The browser was not allowed to use the microphone: allow it beside the address, then press Speak again.",
  NotFoundError: "There is no microphone: plug one in, then press Speak again.",
  NotReadableError: "The microphone could not be opened: another program may be using it.",
  OverconstrainedError: "There is no microphone that fits.",
};

/** Why there is no microphone, in one sentence. */
export class MicrophoneError extends Error {}

/**
 * An open microphone. Use `Microphone.open()`.
 *
 *     const microphone = await Microphone.open();
 *     microphone.start((samples) => client.sendAudio(samples));
 */
export class Microphone {
  /**
   * Ask for the microphone. Call it from a click: browsers start sound only then.
   * @returns {Promise<Microphone>}
   * @throws {MicrophoneError}
   */
  static async open() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new MicrophoneError(
        `Browsers lend the microphone only to secure pages: open this one as http://localhost:${location.port || 80}, or over https.`,
      );
    }
    // What a call wants from a microphone (echo, noise and level control) would bend the speech.
    const wishes = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: wishes });
    } catch (error) {
      throw new MicrophoneError(REASONS[error.name] ?? `The microphone could not be opened: ${error.message}.`);
    }
    const context = new AudioContext({ latencyHint: "interactive" });
    try {
      await context.audioWorklet.addModule(new URL("./microphone_worklet.js", import.meta.url));
    } catch (error) {
      stream.getTracks().forEach((track) => track.stop());
      await context.close();
      throw new MicrophoneError(`The page could not load its microphone module: ${error.message}.`);
    }
    return new Microphone(stream, context);
  }

  constructor(stream, context) {
    /** Hz. */
    this.sampleRate = context.sampleRate;
    /** Loudness of the last block, root mean square. */
    this.level = 0;
    /** @type {(() => void) | null} called when the device goes away */
    this.onlost = null;
    this._stream = stream;
    this._context = context;
  }

  /** Start the flow of blocks. @param {(samples: Float32Array) => void} onblock */
  start(onblock) {
    const source = this._context.createMediaStreamSource(this._stream);
    const node = new AudioWorkletNode(this._context, "microphone-blocks", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      this.level = Math.sqrt(data.reduce((sum, sample) => sum + sample * sample, 0) / data.length);
      onblock(data);
    };
    source.connect(node);
    this._node = node;
    for (const track of this._stream.getTracks()) track.onended = () => this.onlost?.();
    void this._context.resume();
  }

  /** Give the microphone back. */
  close() {
    this.onlost = null;
    if (this._node) this._node.port.onmessage = null;
    this._stream.getTracks().forEach((track) => track.stop());
    void this._context.close();
  }
}
