/** The text box: what is typed is spoken. Buttons to pause and stop, and the choice of a voice. */

const byId = (id) => document.getElementById(id);

const TALLEST_PX = 150;

/** How long a text is, characters, before the box says how much room is left. */
const COUNTED_FROM = 500;

/** The key code of keys that an input method takes for itself. */
const TAKEN = 229;

/** What each state allows, and what it says under the box. */
const WORDS = {
  closed: "",
  opening: "",
  resting: "",
  speaking: "",
  paused: "Paused: sound and face stand still.",
  failed: "",
};

export class TextBox {
  /**
   * @param {{onsay: (text: string, cut: boolean) => void, onstop: () => void, onpause: () => void,
   *   onapproach: () => void, onvoice: () => void}} listener
   *   onapproach: somebody is about to type; onvoice: another voice was chosen
   */
  constructor(listener) {
    this._listener = listener;
    this._disposed = new AbortController();
    const { signal } = this._disposed;
    this._text = byId("say-text");
    byId("say").addEventListener("submit", (event) => {
      event.preventDefault();
      this._submit();
    }, { signal });
    this._text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || composes(event)) return;
      event.preventDefault();
      this._submit();
    }, { signal });
    this._text.addEventListener("input", () => this._fit(), { signal });
    this._text.addEventListener("focus", () => listener.onapproach(), { signal });
    byId("say-stop").addEventListener("click", () => listener.onstop(), { signal });
    byId("say-pause").addEventListener("click", () => listener.onpause(), { signal });
    byId("voice").addEventListener("change", () => {
      this._writeVoice();
      listener.onvoice();
    }, { signal });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !composes(event)) listener.onstop();
    }, { signal });
    this._writeVoice();
  }

  /** Listen to nobody any more. */
  dispose() {
    this._disposed.abort();
  }

  /** The voice that is chosen, as the protocol's `open` wants it. */
  get voice() {
    return {
      language: byId("voice-language").value.trim() || "en-us",
      voice: byId("voice-name").value.trim(),
      rate: Number(byId("voice-rate").value),
      pitch: Number(byId("voice-pitch").value),
    };
  }

  /**
   * @param {import("../../speech/speech_player.js").SpeechState} state
   * @param {string} sentence why it cannot speak
   */
  state(state, sentence = "") {
    const busy = state === "speaking" || state === "paused";
    byId("say-stop").disabled = !busy;
    byId("say-pause").disabled = !busy;
    byId("say-pause").dataset.on = String(state === "paused");
    byId("say-pause").setAttribute("aria-label", state === "paused" ? "Go on" : "Pause");
    this.hint(sentence || WORDS[state], sentence ? "warn" : "quiet");
  }

  /** How many turns wait behind the one that is spoken. */
  waiting(count) {
    if (count > 0) this.hint(count === 1 ? "One more waits." : `${count} more wait.`);
    else if (/ waits?\.$/.test(byId("say-hint").textContent)) this.hint("");
  }

  /** Say something under the box. @param {"quiet" | "warn"} tone */
  hint(sentence, tone = "quiet") {
    const hint = byId("say-hint");
    hint.dataset.tone = tone;
    if (hint.textContent !== sentence) hint.textContent = sentence;
  }

  /** Put a text back that could not be said, unless the next one is being typed. */
  giveBack(text) {
    if (this._text.value) return;
    this._text.value = text;
    this._fit();
  }

  /** Show how much of what is spoken has been said, 0 to 1; null: nothing that takes long is spoken. */
  progress(share) {
    byId("say-progress").hidden = share === null;
    byId("say-progress").value = share ?? 0;
    this._count();
  }

  _submit() {
    const text = this._text.value;
    if (!text.trim()) {
      this._text.focus();
      return;
    }
    this._text.value = "";
    this._fit();
    this._listener.onsay(text, byId("say-cut").checked);
  }

  /** As high as the text, within reason. */
  _fit() {
    this._text.style.height = "";
    if (this._text.scrollHeight > this._text.clientHeight) {
      this._text.style.height = `${Math.min(TALLEST_PX, this._text.scrollHeight + 2)}px`;
    }
    this._count();
  }

  /** Write how long the next text is where it is long, or else how much of the present one has been said. */
  _count() {
    const { value, maxLength } = this._text;
    const { hidden, value: share } = byId("say-progress");
    let text = hidden ? "" : `${Math.round(100 * share)} % said`;
    if (value.length >= COUNTED_FROM) text = `${value.length.toLocaleString("en")} of ${maxLength.toLocaleString("en")} characters`;
    if (byId("say-count").textContent !== text) byId("say-count").textContent = text;
  }

  _writeVoice() {
    byId("voice-rate-now").textContent = byId("voice-rate").value;
    byId("voice-pitch-now").textContent = byId("voice-pitch").value;
  }
}

/** Whether a key belongs to an input method: Safari ends the composition before the key that ended it. */
function composes(event) {
  return event.isComposing || event.keyCode === TAKEN;
}
