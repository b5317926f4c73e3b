/**
 * Talk with the server's agent: the microphone goes there, its answers are said by the face, and
 * whoever speaks over one stops it.
 *
 * The answers take the way of typed text (page/typing/typed_speech.js), and so do their sound and faces.
 */

import { AgentClient } from "../client/agent_client.js";
import { FaceError } from "../client/face_error.js";
import { Microphone } from "../sound/microphone.js";
import { Captions } from "./captions.js";

const LEVEL_GAIN = 7;
const KEPT_TURNS = 100;

const HINTS = {
  asking: "Please allow the microphone. What you say goes to this server and its agent.",
  listening: "Say something.",
  hearing: "I hear you …",
  thinking: "One moment …",
};

const byId = (id) => document.getElementById(id);

/** @typedef {"off" | "asking" | "listening" | "hearing" | "thinking"} DialogueState */

export class Dialogue {
  /**
   * @param {string} server
   * @param {import("./typing/typed_speech.js").TypedSpeech} speech says the answers
   * @param {() => void} ontake it wants the microphone: whoever has it gives it back
   */
  constructor(server, speech, ontake) {
    this._server = server;
    this._speech = speech;
    this._ontake = ontake;
    /** @type {DialogueState} */
    this.state = "off";
    /**
     * Each turn, in performance.now() ms: when the speech ended, when the first part of the answer
     * came, when its first face was drawn and its first sound heard, and when it was interrupted.
     * @type {{endedMs: number, saidMs: number | null, faceMs: number | null, soundMs: number | null,
     *   cutMs: number | null, spoken: (number | null)[]}[]} spoken: the turns of speech that say it
     */
    this.turns = [];
    /** @type {Microphone | null} */
    this.microphone = null;
    this._captions = new Captions();
    this._client = null;
    this._attempt = new AbortController();
    byId("talk").addEventListener("click", () => (this.state === "off" ? void this.start() : this.stop()));
  }

  /** Show the button, if the server has an agent. @param {boolean} agent */
  offer(agent) {
    byId("talk").hidden = byId("talk").disabled = !agent;
  }

  /** Call it from a click: browsers lend a microphone, and start sound, only then. */
  async start() {
    this.stop();
    this._ontake();
    this._say("asking");
    const { signal } = this._attempt;
    try {
      // Both want the click that this is called from.
      this._speech.prepare();
      this.microphone = await Microphone.open({ signal, call: true });
      if (signal.aborted) return;
      const client = this._listenTo(new AgentClient(this._server));
      const hello = await client.open({ sampleRate: this.microphone.sampleRate });
      if (signal.aborted) return;
      client.onclose = (reason) => this._fail(reason ?? new FaceError("The server ended the conversation.", "closed"));
      this.microphone.onlost = (error) => this._fail(error);
      this.microphone.start((samples) => client.sendAudio(samples));
      this._say("listening", hello.note && asSentence(hello.note));
    } catch (error) {
      if (!signal.aborted) this._fail(error);
    }
  }

  /** Fall silent, and give the microphone back. */
  stop() {
    if (this.state === "off") return;
    this._drop();
    this._speech.player.stop();
    this._say("off");
  }

  /** See what is drawn and heard now. @param {object | null} shown as SpeechPlayer.at() gives it */
  look(nowMs, shown) {
    if (this.state === "off") return;
    const level = Math.min(1, (this.microphone?.level ?? 0) * LEVEL_GAIN);
    byId("talk").style.setProperty("--level", level.toFixed(2));
    this._captions.look(this._speech.player.hearing);
    const turn = this.turns.at(-1);
    if (!turn || turn.saidMs === null || turn.cutMs !== null) return;
    if (turn.faceMs === null && turn.spoken.includes(shown?.frame.turn)) turn.faceMs = nowMs;
    if (turn.soundMs === null && turn.spoken.includes(this._speech.player.hearing)) turn.soundMs = nowMs;
  }

  _listenTo(client) {
    this._client = client;
    client.onspeechstart = () => this._hear();
    client.onspeechend = ({ known_ms: knownMs }) => this._think(performance.now() - knownMs);
    client.onsay = (part) => void this._answer(part);
    client.onreplyend = () => this.state === "thinking" && this._say("listening");
    client.onproblem = ({ message }) => this._say("listening", asSentence(message), "warn");
    return client;
  }

  /** Somebody speaks: over an answer, if there is one. */
  _hear() {
    const turn = this.turns.at(-1);
    if (turn && turn.cutMs === null && (this._speech.player.pending || this.state === "thinking")) {
      turn.cutMs = performance.now();
    }
    this._speech.player.stop();
    this._captions.fallSilent();
    this._say("hearing");
  }

  _think(endedMs) {
    this.turns.push({ endedMs, saidMs: null, faceMs: null, soundMs: null, cutMs: null, spoken: [] });
    if (this.turns.length > KEPT_TURNS) this.turns.shift();
    this._say("thinking");
  }

  async _answer({ text, heard }) {
    const turn = this.turns.at(-1);
    if (turn.saidMs === null) this._captions.hear(heard ?? "");
    turn.saidMs ??= performance.now();
    this._say("listening", "");
    const spoken = await this._speech.answer(text);
    turn.spoken.push(spoken);
    if (spoken !== null && turn.cutMs === null) this._captions.add(spoken, text);
  }

  _fail(error) {
    this._drop();
    this._speech.player.stop();
    this._say("off", error.message, "warn");
  }

  _drop() {
    this._attempt.abort();
    this._attempt = new AbortController();
    this._captions.clear();
    this._client?.close();
    this._client = null;
    this.microphone?.close();
    this.microphone = null;
  }

  _say(state, sentence = HINTS[state] ?? "", tone = "quiet") {
    this.state = state;
    byId("talk").dataset.on = String(state !== "off");
    byId("talk-text").textContent = state === "off" ? "Talk" : "End talk";
    this._speech.box.hint(sentence, tone);
  }
}

/** The server's words as a sentence. */
function asSentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
