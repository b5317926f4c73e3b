/**
 * Avatars of one's own: a GLB or VRM file that is dropped or chosen, an address, or what was chosen last. What draws them
 * is loaded when the first one is there; whatever goes wrong is said in a sentence, and the face that is shown goes on.
 */

import { AvatarError } from "../avatar/avatar_error.js";
import { readModel } from "../avatar/glb_header.js";
import { fetchAvatar, readFile } from "./avatar_file.js";
import { forgetAvatar, keepAvatar, keptAvatar } from "./avatar_store.js";

const NOT_BUILT = "Avatars are not built in this checkout; run `make web` in it (it needs Node.js), then load this page again.";
const NOT_FORGOTTEN = "This browser did not forget the avatar; try again, or clear what it keeps of this page.";

const byId = (id) => document.getElementById(id);

export class OwnAvatar {
  /**
   * @param {{onview: (view: import("../avatar/avatar_view.js").AvatarView | null) => void,
   *   onproblem: (sentence: string) => void, onloading: (loading: boolean) => void}} listener onview: it shows the face from
   *   now on; null: the drawn face does again; onloading: whether the page is busy, and may draw no frame in time
   */
  constructor(listener) {
    this._listener = listener;
    this._view = null;
    /** Only the last one that was asked for is shown. */
    this._asked = 0;
    /** What is shown and what is kept change together, one choice after the other. */
    this._settled = Promise.resolve();
    byId("avatar").addEventListener("submit", (event) => {
      event.preventDefault();
      this._go(byId("avatar-address").value.trim());
    });
    byId("avatar-file").addEventListener("change", ({ target }) => {
      if (target.files.length) void this._showFile(target.files[0]);
      target.value = "";
    });
    byId("avatar-none").addEventListener("click", () => this.drop());
    this._takeDrops();
    byId("avatar").dataset.ready = "true";
  }

  /** Show what the page's address names, or what was chosen last. @param {string | null} address */
  async begin(address) {
    if (address) return this._show(() => fetchAvatar(address), { keep: true });
    const asked = this._asked;
    const kept = await keptAvatar();
    // Somebody may have chosen another one meanwhile.
    return kept && asked === this._asked ? this._show(() => kept) : undefined;
  }

  /** Forget the avatar, and show the drawn face again. */
  drop() {
    this._asked += 1;
    const asked = this._asked;
    leaveAddress();
    return this._settle(async () => {
      const forgotten = await forgetAvatar();
      discard(this._view);
      this._view = null;
      byId("avatar-none").disabled = true;
      if (asked === this._asked) this._say(forgotten ? "" : NOT_FORGOTTEN, forgotten ? "quiet" : "warn");
      this._listener.onview(null);
    });
  }

  /** The browser was told where this page may fetch from when it was loaded, so another address is another page. */
  _go(address) {
    if (!address) return byId("avatar-address").focus();
    const url = new URL(location.href);
    url.searchParams.set("avatar", address);
    location.assign(url);
    return undefined;
  }

  _showFile(file) {
    leaveAddress();
    return this._show(() => ({ name: file.name, file }), { keep: true });
  }

  async _show(find, { keep = false } = {}) {
    this._asked += 1;
    const asked = this._asked;
    this._say("Loading …");
    try {
      const { name, file } = await find();
      const bytes = await readFile(file, name);
      readModel(bytes, name);
      await this._busily(() => this._open(bytes, { name, asked, keep }));
    } catch (error) {
      if (asked === this._asked) this._fail(error);
    }
  }

  /** Do what keeps the page from drawing, which it does until the first frame with it is drawn. */
  async _busily(work) {
    this._listener.onloading(true);
    try {
      await work();
    } finally {
      requestAnimationFrame(() => requestAnimationFrame(() => this._listener.onloading(false)));
    }
  }

  async _open(bytes, { name, asked, keep }) {
    const { AvatarView } = await viewer();
    if (asked !== this._asked) return;
    const canvas = freshCanvas();
    byId("face").after(canvas);
    const view = await AvatarView.open(canvas, bytes, { name }).catch((error) => {
      canvas.remove();
      throw error;
    });
    await this._settle(async () => {
      if (asked !== this._asked) return discard(view);
      // Before it is shown: who sees it may leave the page at once, and shall find it again.
      const lost = keep && !(await keepAvatar({ name, file: new Blob([bytes]) }));
      this._replace(view);
      if (asked === this._asked) this._say(described(view) + (lost ? " This browser has no room to remember it." : ""));
      return undefined;
    });
  }

  _settle(change) {
    const turn = this._settled.then(change);
    this._settled = turn.catch(() => {});
    return turn;
  }

  _replace(view) {
    discard(this._view);
    this._view = view;
    view.canvas.hidden = false;
    byId("avatar-none").disabled = false;
    this._listener.onview(view);
  }

  _fail(error) {
    const sentence = error.name === "AvatarError" ? error.message : `The avatar cannot be shown: ${error.message}.`;
    this._say(sentence, "warn");
    this._listener.onproblem(sentence);
  }

  _say(sentence, tone = "quiet") {
    byId("avatar-hint").dataset.tone = tone;
    byId("avatar-hint").textContent = sentence.replaceAll("`", "");
  }

  _takeDrops() {
    const stage = document.querySelector(".stage");
    const holdsFile = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
    for (const type of ["dragenter", "dragover"]) {
      addEventListener(type, (event) => {
        if (!holdsFile(event)) return;
        event.preventDefault();
        stage.dataset.drop = "true";
      });
    }
    addEventListener("dragleave", ({ relatedTarget }) => {
      if (!relatedTarget) delete stage.dataset.drop;
    });
    addEventListener("drop", (event) => {
      delete stage.dataset.drop;
      if (!holdsFile(event)) return;
      event.preventDefault();
      if (event.dataTransfer.files.length) void this._showFile(event.dataTransfer.files[0]);
    });
  }
}

/** What draws avatars, which is large: it comes when somebody has one. */
async function viewer() {
  try {
    return await import("../bundle/avatar.js");
  } catch {
    throw new AvatarError(NOT_BUILT);
  }
}

/** A canvas that nothing was drawn on: three.js cannot have one that another renderer gave back. */
function freshCanvas() {
  const canvas = document.createElement("canvas");
  canvas.className = "avatar-canvas";
  canvas.hidden = true;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "An avatar that moves with the speech; drag to turn it");
  return canvas;
}

/** Take the avatar out of the page's address, which would bring it back over what was chosen since. */
function leaveAddress() {
  const url = new URL(location.href);
  if (!url.searchParams.has("avatar")) return;
  url.searchParams.delete("avatar");
  history.replaceState(history.state, "", url);
}

function discard(view) {
  view?.close();
  view?.canvas.remove();
}

function described({ name, about: { by, names } }) {
  const how = by === "shapes" ? `${names.length} of ARKit’s 52 shapes` : `${names.length} mouth shapes and blinks, for want of ARKit’s`;
  return `“${name}” moves by ${how}. Drag to turn it, twice click to face it.`;
}
