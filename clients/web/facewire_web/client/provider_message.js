/** What a TTS sent, on its way to a server: with its times, without its sound. */

/** What ElevenLabs and others call the sound beside its times. */
const AUDIO = ["audio", "audiobase64"];

/** Those whose messages of sound have it as `data`. */
const STREAMED = ["cartesia", "rime"];

/**
 * Return a message, or a list of them, without the sound in it; all else as it is.
 * @param {string} format
 * @param {unknown} data
 * @returns {unknown}
 */
export function withoutAudio(format, data) {
  if (Array.isArray(data)) return data.map((one) => withoutAudio(format, one));
  if (typeof data !== "object" || data === null) return data;
  const names = STREAMED.includes(format) ? [...AUDIO, "data"] : AUDIO;
  return Object.fromEntries(Object.entries(data).filter(([key]) => !names.includes(key.replaceAll("_", "").toLowerCase())));
}
