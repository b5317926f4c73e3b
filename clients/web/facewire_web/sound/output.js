/** Where sound is rendered: beside the sound card, or in the page where the browser offers nothing better. */

import { SoundCommands } from "./commands.js";

const PAGE_BLOCK = 1024;

/**
 * Attach a renderer to a context.
 * @param {AudioContext} context
 * @param {AudioNode} destination
 * @param {(report: import("./commands.js").SoundReport) => void} onreport
 * @returns {Promise<{post: (command: object, transfer?: Transferable[]) => void, close: () => void}>}
 */
export async function openOutput(context, destination, onreport) {
  // Pages that are not secure, such as http://192.168.1.20:8765, have no worklets.
  if (!context.audioWorklet) return openInPage(context, destination, onreport);
  try {
    await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
  } catch (error) {
    if (context.state === "closed") throw error;
    return openInPage(context, destination, onreport);
  }
  const node = new AudioWorkletNode(context, "facewire-sound", { numberOfInputs: 0, outputChannelCount: [1] });
  node.port.onmessage = ({ data }) => onreport(data);
  node.connect(destination);
  return {
    post: (command, transfer = []) => node.port.postMessage(command, transfer),
    close() {
      node.port.postMessage({ do: "close" });
      node.port.onmessage = null;
      node.port.close();
      node.disconnect();
    },
  };
}

/** In the page's own time, a busy page interrupts the sound; it is in step again all the same. */
function openInPage(context, destination, onreport) {
  const commands = new SoundCommands(context.sampleRate, onreport);
  const node = context.createScriptProcessor(PAGE_BLOCK, 0, 1);
  let frame = 0;
  node.onaudioprocess = ({ outputBuffer, playbackTime }) => {
    frame = Math.max(frame + PAGE_BLOCK, Math.round(playbackTime * context.sampleRate));
    commands.render(outputBuffer.getChannelData(0), frame);
  };
  node.connect(destination);
  return {
    post: (command) => commands.take(command, Math.max(frame + PAGE_BLOCK, Math.ceil(context.currentTime * context.sampleRate))),
    close() {
      node.onaudioprocess = null;
      node.disconnect();
    },
  };
}
