/** Renders sound beside the sound card, whatever the page is busy with. */

import { SoundCommands } from "./commands.js";

class Sound extends AudioWorkletProcessor {
  constructor() {
    super();
    this._commands = new SoundCommands(sampleRate, (report) => this.port.postMessage(report));
    this._closed = false;
    this.port.onmessage = ({ data }) => {
      if (data.do === "close") this._closed = true;
      else this._commands.take(data, currentFrame);
    };
  }

  process(_, [output]) {
    this._commands.render(output[0], currentFrame);
    return !this._closed;
  }
}

registerProcessor("facewire-sound", Sound);
