/** The page of a study: consent, one screen after the other, thanks. */

import { Performance } from "./performance.js";
import { REFERENCE, fillRows, nameOf } from "./face_rows.js";
import { ScreenState, tryStorage } from "./screen_state.js";
import { StudyServer } from "./study_server.js";

const byId = (id) => document.getElementById(id);
const server = new StudyServer((sentence) => tell(sentence));
const performed = new Performance(byId("face"));
let study = null;
let rater = "";
let screen = null;
let state = null;
let rows = null;

/** Say what is wrong, if anything is. */
function tell(sentence) {
  byId("trouble").textContent = sentence;
}

/** Show one part of the page, and let who cannot see it know. */
function turnTo(id) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== id;
  byId("where").hidden = id !== "rating";
  window.scrollTo(0, 0);
  byId(id).querySelector("h2")?.focus({ preventScroll: true });
}

const raterKey = () => `facewire study ${study.id}`;
const screenKey = () => `${raterKey()} ${rater} ${screen.screen}`;

async function welcome() {
  study = await server.study();
  document.title = study.title;
  byId("title").textContent = study.title;
  byId("question").textContent = study.question;
  const paragraphs = study.consent.split("\n").filter((line) => line.trim());
  byId("consent").replaceChildren(...paragraphs.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  byId("length").textContent = `${study.screens} screens, about ${study.minutes} ${study.minutes === 1 ? "minute" : "minutes"}. You can stop and come back on this device.`;
  const given = new URLSearchParams(location.search).get("rater");
  showCode(given ?? tryStorage(() => localStorage.getItem(raterKey())) ?? "");
  turnTo("welcome");
}

function showCode(code) {
  rater = code;
  byId("again").hidden = byId("other").hidden = !code;
  byId("again").textContent = code ? `You rate under the code ${code}.` : "";
  byId("begin").textContent = code ? "I agree: go on" : "I agree: begin";
}

/** Run what a click asks for, once at a time, and say what goes wrong. */
function click(button, act) {
  button.addEventListener("click", async () => {
    if (button.dataset.busy) return;
    button.dataset.busy = "true";
    try {
      await act();
    } catch (error) {
      tell(error.message);
    } finally {
      delete button.dataset.busy;
    }
  });
}

async function begin() {
  performed.open();
  ({ rater } = await server.begin(rater));
  tryStorage(() => localStorage.setItem(raterKey(), rater));
  await open(await server.screen(rater));
}

async function open(next) {
  if (next.done) {
    byId("code").textContent = rater;
    turnTo("thanks");
    return;
  }
  screen = { ...next, kind: study.kind };
  const slots = screen.reference ? [REFERENCE, ...screen.slots] : screen.slots;
  const [sound, ...faces] = await Promise.all([
    server.sound(rater, screen.screen),
    ...slots.map((slot) => server.face(rater, screen.screen, slot)),
  ]);
  turnTo("rating");
  await performed.load(sound, new Map(slots.map((slot, at) => [slot, faces[at]])));
  state = new ScreenState(screenKey(), slots, screen.slots);
  rows = fillRows(byId("faces"), screen, state, {
    onplay: (slot) => (performed.playing === slot ? performed.stop() : performed.play(slot)),
    onrate: (ratings) => {
      state.rate(ratings);
      show();
    },
  });
  byId("practice").hidden = !screen.practice;
  byId("count").textContent = `${screen.screen + 1} of ${screen.screens}`;
  byId("progress").max = screen.screens;
  byId("progress").value = screen.screen;
  show();
}

function show() {
  if (!state) return;
  const { playing } = performed;
  rows.show(playing);
  byId("playing").textContent = playing ? (playing === REFERENCE ? "Reference" : `Face ${playing}`) : "";
  byId("missing").textContent = missing();
  byId("next").disabled = Boolean(missing());
}

/** What has to be done before the next screen. */
function missing() {
  const { unheard, unrated } = state;
  if (unheard.length) return `Still to hear: ${unheard.map(nameOf).join(", ")}`;
  if (!unrated.length) return "";
  return screen.kind === "pairs" ? "Choose one" : `Still to rate: ${unrated.join(", ")}`;
}

async function send() {
  performed.stop();
  const { ratings, plays, seconds } = state;
  byId("next").disabled = true;
  try {
    const next = await server.answer({ rater, screen: screen.screen, ratings, plays, seconds });
    state.forget();
    await open(next);
  } finally {
    show();
  }
}

performed.onchange = show;
performed.onshare = (share) => byId("played").style.setProperty("--share", String(share));
performed.onsilent = (silent) => tell(silent ? "This browser plays no sound now: connect a loudspeaker or headphones, and play the face again." : "");
performed.onheard = (slot) => {
  state.heard(slot);
  show();
};
click(byId("begin"), begin);
click(byId("next"), send);
click(byId("other"), () => showCode(""));
welcome().catch((error) => tell(error.message));
window.listening = { performed, get state() { return state; } };
