/** Draws the teeth. The upper ones belong to the skull, the lower ones to the jaw. */

import { PALETTE as C } from "../palette.js";
import { between, clamp, curveThrough, verticalGradient } from "../space.js";
import { SEAM_Y } from "./mouth_shape.js";

/** Where the upper front teeth end: a little below the line between closed lips. */
export const TEETH_BOTTOM = SEAM_Y + 5.2;

const TEETH_TOP = SEAM_Y - 13;
/** From the middle to the sides: two front teeth, then smaller ones that turn away. */
const TOOTH_EDGES = [-35.5, -31.8, -27.5, -22.8, -16.6, -9.4, 0, 9.4, 16.6, 22.8, 27.5, 31.8, 35.5];
const LOWER_SHARE = 0.72;
const NOTCH = 0.7;
const GROOVE = "rgba(112, 78, 74, 0.3)";

const depthAt = (x) => 66 - (x * x) / 45;
const archAt = (x) => 2.4 * (x / 27.5) ** 2;

/** Points along the teeth's ends: each is rounded, with a notch between two. `way` is 1 where they end below. */
function ends(height, way, share = 1) {
  const points = [];
  TOOTH_EDGES.forEach((x, i) => {
    points.push([x * share, height(x) - way * NOTCH]);
    const next = TOOTH_EDGES[i + 1];
    if (next !== undefined) for (const part of [0.25, 0.75]) points.push([(x + (next - x) * part) * share, height(x + (next - x) * part)]);
  });
  return points;
}

/** The upper row; `low` is where its ends are, in the middle. */
export function drawUpperTeeth(context, space, low = TEETH_BOTTOM) {
  const at = ([x, y]) => space.point(x, y, depthAt(x));
  const bottom = (x) => low - archAt(x);
  const edge = ends(bottom, 1).map(at);
  const roots = TOOTH_EDGES.map((x) => at([x, TEETH_TOP]));
  const middle = at([0, low])[1];
  between(context, roots, edge);
  context.fillStyle = verticalGradient(context, at([0, TEETH_TOP])[1], middle, [
    [0, C.gum], [0.16, C.gum], [0.24, C.teethShade], [0.5, C.teeth], [0.93, C.teeth], [1, C.teethShade],
  ]);
  context.fill();
  drawGrooves(context, (x) => [at([x, TEETH_TOP + 5]), at([x, bottom(x) - NOTCH])], space.scale);
  drawEnds(context, edge, space.scale);
}

/** The lower row. */
export function drawLowerTeeth(context, space, shape) {
  // Lips that are pushed out stand in front of it.
  const high = SEAM_Y + shape.drop - 0.8 + 5 * clamp(shape.pursed + 0.3 * shape.flared);
  const top = (x) => high + 0.7 * archAt(x);
  const at = ([x, y]) => space.point(x + shape.jawX, y, depthAt(x) - 6 - shape.drop * 0.12);
  const edge = ends(top, -1, LOWER_SHARE).map(at);
  const roots = TOOTH_EDGES.map((x) => at([x * LOWER_SHARE, high + 13]));
  const from = at([0, high])[1];
  between(context, edge, roots);
  context.fillStyle = verticalGradient(context, from, Math.max(from + 1, at([0, high + 13])[1]), [
    [0, "#e2d8ce"], [0.15, "#f3ece3"], [0.5, "#e6dad2"], [0.72, C.teethShade], [0.8, C.gum], [1, C.gum],
  ]);
  context.fill();
  drawGrooves(context, (x) => [at([x * LOWER_SHARE, top(x) + NOTCH]), at([x * LOWER_SHARE, high + 8])], space.scale);
  drawEnds(context, edge, space.scale);
}

/** Lines between the teeth. */
function drawGrooves(context, span, scale) {
  context.strokeStyle = GROOVE;
  context.lineWidth = 0.7 * scale;
  context.beginPath();
  for (const x of TOOTH_EDGES.slice(1, -1)) {
    const [from, to] = span(x);
    context.moveTo(...from);
    context.lineTo(...to);
  }
  context.stroke();
}

/** The dark line where teeth end. */
function drawEnds(context, edge, scale) {
  context.strokeStyle = "rgba(60, 16, 24, 0.45)";
  context.lineWidth = 0.8 * scale;
  context.beginPath();
  curveThrough(context, edge);
  context.stroke();
}
