/** The last question as the agent understood it, and the sentence of its answer that is heard, over the face. */

import { withoutMarks } from "./typing/marks.js";

const KEPT = 100;

const byId = (id) => document.getElementById(id);

export class Captions {
  constructor() {
    /** @type {Map<number, string>} what is said, by its turn of speech */
    this._texts = new Map();
  }

  /** Show what somebody was heard to say; "": nobody knows the words. */
  hear(text) {
    write("caption-heard", text);
  }

  /** Learn what a turn of speech says. @param {number} turn */
  add(turn, text) {
    this._texts.set(turn, withoutMarks(text));
    if (this._texts.size > KEPT) this._texts.delete(this._texts.keys().next().value);
  }

  /** Show what is heard now, and leave it there until something else is. @param {number} hearing the turn, or 0 */
  look(hearing) {
    const text = this._texts.get(hearing);
    if (text !== undefined) write("caption-said", text);
  }

  /** An answer is over before its end, or another one is asked for. */
  fallSilent() {
    this._texts.clear();
    write("caption-said", "");
  }

  /** Nobody talks any more. */
  clear() {
    this.fallSilent();
    this.hear("");
  }
}

function write(id, text) {
  if (byId(id).textContent === text) return;
  byId(id).textContent = text;
  byId("captions").hidden = !byId("caption-heard").textContent && !byId("caption-said").textContent;
}
