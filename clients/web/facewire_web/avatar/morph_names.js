/** Which of an avatar's names mean which of our weights, however they are written. */

import { SHAPES } from "../client/pose.js";
import { visemeWeights } from "./viseme_weights.js";

/** An avatar with fewer of ARKit's names has them by chance. */
const LEAST_SHAPES = 10;

/** How others call the visemes of `visemeWeights`: Oculus, VRChat, VRM 1, VRM 0, VRoid. */
const VISEMES = {
  aa: ["aa", "a", "ah"],
  E: ["e", "ee", "eh"],
  ih: ["ih", "i"],
  oh: ["oh", "o"],
  ou: ["ou", "u"],
  PP: ["pp"],
  FF: ["ff"],
  TH: ["th"],
  blink: ["blink", "close", "eyesclosed"],
  blinkLeft: ["blinkleft", "blinkl", "closel"],
  blinkRight: ["blinkright", "blinkr", "closer"],
};
const PREFIXES = /^(viseme|v|fclmth|fcleye|mth|mouth)(?=.)/;

const SHAPE_OF = new Map(SHAPES.map((shape) => [shape.toLowerCase(), shape]));
const VISEME_OF = new Map(Object.entries(VISEMES).flatMap(([viseme, names]) => names.map((name) => [name, viseme])));

/**
 * @typedef {Object} Binding
 * @property {string} name as the avatar has it
 * @property {string} drives our name of it: a shape of ARKit, or a viseme
 *
 * @typedef {Object} Bindings
 * @property {"shapes" | "visemes"} by
 * @property {Binding[]} bindings
 */

/**
 * Match names to ARKit's shapes, or where they have too few of those, to visemes.
 * @param {string[]} names
 * @returns {Bindings | null} null: none is known
 */
export function matchNames(names) {
  const shapes = bind(names, shapeOf);
  if (new Set(shapes.map(({ drives }) => drives)).size >= LEAST_SHAPES) return { by: "shapes", bindings: shapes };
  const visemes = withoutDoubleBlinks(bind(names, visemeOf));
  if (visemes.some(({ drives }) => !drives.startsWith("blink"))) return { by: "visemes", bindings: visemes };
  return shapes.length ? { by: "shapes", bindings: shapes } : null;
}

/** What the drivers of a binding weigh in a pose. @returns {(drives: string) => number} */
export function weightsOf(pose, by) {
  const weights = by === "shapes" ? pose : visemeWeights(pose);
  return (drives) => weights[drives];
}

function bind(names, meaning) {
  return names.map((name) => ({ name, drives: meaning(plain(name)) })).filter(({ drives }) => drives !== undefined);
}

/** A name without what stands before its last dot or colon, without separators, in lower case. */
function plain(name) {
  return name.replace(/^.*[.:]/, "").replace(/[\s_-]/g, "").toLowerCase();
}

function shapeOf(name) {
  const side = { l: "left", r: "right" }[name.at(-1)];
  return SHAPE_OF.get(name) ?? (side && SHAPE_OF.get(name.slice(0, -1) + side));
}

function visemeOf(name) {
  return VISEME_OF.get(name) ?? VISEME_OF.get(name.replace(PREFIXES, ""));
}

/** An avatar with a blink for each eye needs none for both. */
function withoutDoubleBlinks(bindings) {
  const has = (viseme) => bindings.some(({ drives }) => drives === viseme);
  return has("blinkLeft") && has("blinkRight") ? bindings.filter(({ drives }) => drives !== "blink") : bindings;
}
