/** The browser's microphone as mono blocks of 10 ms, at the rate of the sound card. */

const REASONS = {
  NotAllowedError: "The browser was not allowed to use the microphone: allow it beside the address, then press Speak again.",
  NotFoundError: "There is no microphone: plug one in, then press Speak again.",
  NotReadableError: "The microphone could not be opened: another program may be using it.",
  OverconstrainedError: "There is no microphone that fits.",
};
const GONE = "The microphone went away: plug it in, then press Speak again.";
const SILENT =
  "The browser hears nothing from the microphone, as where no sound device runs or a call took it: check it, then press Speak again.";

const LOOK_EVERY_MS = 1000;
const PATIENCE_LOOKS = 6;

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
   * @param {{signal?: AbortSignal, call?: boolean}} [options] signal: gives the microphone back, also one that is
   *   lent only then; call: somebody answers aloud, so the browser takes that, and noise, out of what it hears
   * @returns {Promise<Microphone>}
   * @throws {MicrophoneError} there is none, or it may not be used
   * @throws {DOMException} AbortError: the signal came first
   */
  static async open({ signal, call = false } = {}) {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new MicrophoneError(
        `Browsers lend the microphone only to secure pages: open this one as http://localhost:${location.port || 80}, or over https.`,
      );
    }
    signal?.throwIfAborted();
    const context = openContext();
    let stream = null;
    try {
      stream = await askFor(signal, call);
      await untilAborted(context.audioWorklet.addModule(new URL("./microphone_worklet.js", import.meta.url)), signal, "The page could not load its microphone module");
      return new Microphone(stream, context, signal);
    } catch (error) {
      giveBack(stream, context);
      throw error;
    }
  }

  constructor(stream, context, signal) {
    /** Hz. */
    this.sampleRate = context.sampleRate;
    /** Loudness of the last block, root mean square. */
    this.level = 0;
    /** @type {((reason: MicrophoneError) => void) | null} called once, when nothing comes any more */
    this.onlost = null;
    this._stream = stream;
    this._context = context;
    this._node = null;
    this._timer = null;
    this._looks = 0;
    this._closing = new AbortController();
    signal?.addEventListener("abort", () => this.close(), { signal: this._closing.signal });
  }

  /** Start the flow of blocks. @param {(samples: Float32Array) => void} onblock */
  start(onblock) {
    const source = this._context.createMediaStreamSource(this._stream);
    const node = new AudioWorkletNode(this._context, "microphone-blocks", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      this._looks = 0;
      this.level = Math.sqrt(data.reduce((sum, sample) => sum + sample * sample, 0) / data.length);
      onblock(data);
    };
    source.connect(node);
    this._node = node;
    for (const track of this._stream.getTracks()) track.onended = () => this._lose(GONE);
    this._timer = setInterval(() => this._look(), LOOK_EVERY_MS);
    this._context.resume().catch(() => {});
  }

  /** Give the microphone back. */
  close() {
    if (this._closing.signal.aborted) return;
    this._closing.abort();
    this.onlost = null;
    clearInterval(this._timer);
    if (this._node) this._node.port.onmessage = null;
    giveBack(this._stream, this._context);
  }

  /** Counted in looks, not in time: a page that was frozen has not listened meanwhile. */
  _look() {
    this._looks += 1;
    if (this._looks > PATIENCE_LOOKS) this._lose(SILENT);
    else if (this._context.state !== "running") this._context.resume().catch(() => {});
  }

  _lose(sentence) {
    const { onlost } = this;
    this.close();
    onlost?.(new MicrophoneError(sentence));
  }
}

function openContext() {
  try {
    const context = new AudioContext({ latencyHint: "interactive" });
    context.resume().catch(() => {});
    return context;
  } catch (error) {
    throw new MicrophoneError(`The browser opens no sound: ${error.message}.`);
  }
}

/** A stream of sound; one that is lent after the signal is closed. */
async function askFor(signal, call) {
  // What a call wants from a microphone (echo, noise and level control) would bend the speech for a face.
  const wishes = { channelCount: 1, echoCancellation: call, noiseSuppression: call, autoGainControl: call };
  const asking = navigator.mediaDevices.getUserMedia({ audio: wishes });
  try {
    return await untilAborted(asking, signal, "The microphone could not be opened");
  } catch (error) {
    asking.then((stream) => giveBack(stream, null), () => {});
    throw error;
  }
}

async function untilAborted(promise, signal, failure) {
  let leave;
  const aborted = new Promise((_, reject) => {
    leave = () => reject(signal.reason);
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave);
  });
  try {
    return await Promise.race([promise, aborted]);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new MicrophoneError(REASONS[error.name] ?? `${failure}: ${error.message}.`);
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}

function giveBack(stream, context) {
  stream?.getTracks().forEach((track) => track.stop());
  if (context && context.state !== "closed") context.close().catch(() => {});
}
