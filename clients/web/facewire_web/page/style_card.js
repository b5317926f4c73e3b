/** The card by which one chooses how the face of the microphone moves, where the server's model has styles. */

const byId = (id) => document.getElementById(id);

export class StyleCard {
  /** @param {(style: Record<string, number> | null) => void} onchange when a choice is made, not while it is */
  constructor(onchange) {
    /** @type {readonly string[]} */
    this._styles = [];
    this._disposed = new AbortController();
    const { signal } = this._disposed;
    byId("style").addEventListener("input", () => this._write(), { signal });
    byId("style").addEventListener("change", () => {
      this._write();
      onchange(this.style);
    }, { signal });
    byId("style").addEventListener("submit", (event) => event.preventDefault(), { signal });
  }

  /** Listen to nobody any more. */
  dispose() {
    this._disposed.abort();
  }

  /**
   * Offer what a server has, and nothing where it has none.
   * @param {readonly string[] | undefined} styles of its hello
   */
  offer(styles = []) {
    if (styles.join() === this._styles.join()) return;
    this._styles = [...styles];
    const choices = styles.map((name) => new Option(name, name));
    byId("style-name").replaceChildren(new Option("the usual one", ""), ...choices);
    byId("style-card").hidden = !styles.length;
    this._write();
  }

  /** The style, as the protocol wants it; null: what is usual for the server. */
  get style() {
    const name = byId("style-name").value;
    return name ? { [name]: Number(byId("style-share").value) } : null;
  }

  _write() {
    const percent = `${Math.round(100 * Number(byId("style-share").value))} %`;
    const name = byId("style-name").value;
    // The first has what the others leave, so a share of it alone is the whole.
    byId("style-share").disabled = !name || name === this._styles[0];
    byId("style-share-now").textContent = percent;
    byId("style-share").setAttribute("aria-valuetext", percent);
  }
}
