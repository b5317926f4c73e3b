/** What the page asks of its server; what is sent is sent again until it has arrived. */

const AGAIN_MS = 2000;
/** The server is there, but cannot keep anything now. */
const NOT_NOW = 503;

export class StudyServer {
  /** @param {(sentence: string) => void} ontrouble what goes wrong, in a sentence; empty: nothing any more */
  constructor(ontrouble) {
    this._ontrouble = ontrouble;
  }

  /** What the study is about. */
  study() {
    return this._json("api/study");
  }

  /** Begin as somebody new, or go on under a code. @returns {Promise<{rater: string}>} */
  begin(rater) {
    return this._json("api/begin", { rater });
  }

  /** The next screen to rate. */
  screen(rater) {
    return this._json(`api/screen?${new URLSearchParams({ rater })}`);
  }

  /** One face of a screen. */
  face(rater, screen, slot) {
    return this._json(`api/face?${new URLSearchParams({ rater, screen, slot })}`);
  }

  /** @returns {Promise<ArrayBuffer>} a screen's sound */
  async sound(rater, screen) {
    const response = await this._ask(`api/sound?${new URLSearchParams({ rater, screen })}`);
    return response.arrayBuffer();
  }

  /** Send the ratings of a screen. @returns the next screen */
  answer(answer) {
    return this._json("api/answer", answer);
  }

  async _json(address, sent) {
    return (await this._ask(address, sent)).json();
  }

  async _ask(address, sent) {
    const options = sent ? { method: "POST", body: JSON.stringify(sent) } : { cache: "no-store" };
    for (;;) {
      const response = await fetch(address, options).catch(() => null);
      if (response && response.status !== NOT_NOW) {
        this._ontrouble("");
        if (response.ok) return response;
        throw new Error((await response.text()).trim());
      }
      this._ontrouble("The study’s server does not answer. Leave this page open: it tries again, and nothing is lost.");
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
