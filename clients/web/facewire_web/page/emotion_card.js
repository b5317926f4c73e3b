/** The card by which one chooses what a voice feels: that of the microphone, and that of what is typed. */

const byId = (id) => document.getElementById(id);

/** Chosen for a face that feels nothing, whatever the server's profile says. */
const NEUTRAL = "neutral";

export class EmotionCard {
  /** @param {(emotion: Record<string, number> | null) => void} onchange */
  constructor(onchange) {
    this._disposed = new AbortController();
    const { signal } = this._disposed;
    for (const kind of ["input", "change"]) {
      byId("emotion").addEventListener(kind, () => {
        this._write();
        onchange(this.emotion);
      }, { signal });
    }
    byId("emotion").addEventListener("submit", (event) => event.preventDefault(), { signal });
    this._write();
  }

  /** Listen to nobody any more. */
  dispose() {
    this._disposed.abort();
  }

  /** What is felt, as the protocol wants it; null: what the server's profile says. */
  get emotion() {
    const name = byId("emotion-name").value;
    if (!name) return null;
    return name === NEUTRAL ? {} : { [name]: Number(byId("emotion-share").value) };
  }

  _write() {
    const share = `${Math.round(100 * Number(byId("emotion-share").value))} %`;
    byId("emotion-share").disabled = ["", NEUTRAL].includes(byId("emotion-name").value);
    byId("emotion-share-now").textContent = share;
    byId("emotion-share").setAttribute("aria-valuetext", share);
  }
}
