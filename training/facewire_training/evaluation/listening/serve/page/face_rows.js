/** What stands below the face: a button to play each one, and what it is rated with. */

const WORDS = ["bad", "poor", "fair", "good", "excellent"];
export const REFERENCE = "reference";

/**
 * Fill an element for a screen.
 * @param {HTMLElement} place
 * @param {{kind: string, slots: string[], reference: boolean}} screen
 * @param {import("./screen_state.js").ScreenState} state
 * @param {{onplay: (slot: string) => void, onrate: (ratings: Record<string, number>) => void}} told
 * @returns {{show: (playing: string | null) => void}} show what has been heard, and what plays
 */
export function fillRows(place, screen, state, told) {
  const rows = screen.kind === "pairs" ? pairRows(screen, state, told) : sliderRows(screen, state, told);
  place.replaceChildren(...rows);
  return { show: (playing) => showRows(place, state, playing) };
}

/** How a slot is called. */
export function nameOf(slot) {
  return slot === REFERENCE ? "the reference" : slot;
}

function showRows(place, state, playing) {
  for (const row of place.querySelectorAll("[data-slot]")) {
    const { slot } = row.dataset;
    const button = row.querySelector(".play");
    row.dataset.playing = String(slot === playing);
    button.classList.toggle("heard", Boolean(state.plays[slot]));
    button.setAttribute("aria-label", `${slot === playing ? "Stop" : "Play"} ${slot === REFERENCE ? "the reference" : `face ${slot}`}${state.plays[slot] ? ", heard" : ""}`);
    const slider = row.querySelector("input");
    if (slider) slider.disabled = !state.plays[slot];
  }
  for (const choice of place.querySelectorAll("[type=radio]")) choice.disabled = state.unheard.length > 0;
}

function sliderRows({ slots, reference }, state, told) {
  const scale = element("div", { className: "scale", ariaHidden: "true" });
  scale.append(...WORDS.map((word) => element("span", { textContent: word })));
  const open = reference ? [playRow(REFERENCE, "Reference", told, "open")] : [];
  return [...open, scale, ...slots.map((slot) => sliderRow(slot, state, told))];
}

function sliderRow(slot, state, told) {
  const row = playRow(slot, slot, told);
  const slider = element("input", { type: "range", min: "0", max: "100", step: "1" });
  slider.setAttribute("aria-label", `How good face ${slot} is`);
  const shown = element("output", {});
  const show = () => {
    const rated = slot in state.ratings;
    slider.dataset.rated = String(rated);
    shown.textContent = rated ? slider.value : "–";
    const word = WORDS[Math.min(4, Math.floor(Number(slider.value) / 20))];
    slider.setAttribute("aria-valuetext", rated ? `${slider.value}, ${word}` : "not rated yet");
  };
  const rate = () => {
    if (slider.disabled) return;
    told.onrate({ [slot]: Number(slider.value) });
    show();
  };
  slider.value = String(state.ratings[slot] ?? 50);
  // Who means just what it stands at has to say so by touching it.
  for (const event of ["input", "change", "pointerup"]) slider.addEventListener(event, rate);
  slider.addEventListener("keyup", ({ key }) => ["Enter", " "].includes(key) && rate());
  show();
  row.append(slider, shown);
  return row;
}

function pairRows({ slots }, state, told) {
  const faces = element("div", { className: "pair" });
  faces.append(...slots.map((slot) => playRow(slot, `Face ${slot}`, told)));
  const choices = element("fieldset", {});
  choices.append(element("legend", { textContent: "Your choice" }));
  for (const slot of slots) {
    const label = element("label", { className: "choice" });
    const radio = element("input", { type: "radio", name: "choice", value: slot });
    radio.checked = state.ratings[slot] === 1;
    radio.addEventListener("change", () => told.onrate(Object.fromEntries(slots.map((one) => [one, Number(one === slot)]))));
    label.append(radio, element("span", { textContent: `${slot} fits better` }));
    choices.append(label);
  }
  return [faces, choices];
}

function playRow(slot, text, { onplay }, extra = "") {
  const row = element("div", { className: `row ${extra}`.trim() });
  row.dataset.slot = slot;
  const button = element("button", { type: "button", className: "play", textContent: text });
  button.addEventListener("click", () => onplay(slot));
  row.append(button);
  return row;
}

function element(kind, properties) {
  return Object.assign(document.createElement(kind), properties);
}
