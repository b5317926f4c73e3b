/** The edges of the lips, from the shape of the mouth. Pure arithmetic, no drawing. */

import { clamp, mix, smoothstep } from "../numbers.js";
import { SEAM_Y } from "./mouth_shape.js";

/** Points from the middle to where the opening ends, and from there to the corner. */
const [OPENING, SEAL] = [12, 4];
const COUNT = 2 * (OPENING + SEAL) + 1;

/**
 * @typedef {Object} LipRows Four rows of points `[x, y]`, from the picture's left (the speaker's
 *   right) to its right. Where the opening ends there is always a point.
 * @property {number[][]} upperOuter
 * @property {number[][]} upperInner
 * @property {number[][]} lowerInner
 * @property {number[][]} lowerOuter
 */

/**
 * @param {import("../../client/pose.js").Pose} pose
 * @param {import("./mouth_shape.js").MouthShape} shape
 * @returns {LipRows} in units of the head
 */
export function lipRows(pose, shape) {
  const rows = { upperOuter: [], upperInner: [], lowerInner: [], lowerOuter: [] };
  const round = clamp(shape.pursed + 0.6 * shape.flared + 0.8 * pose.mouthFunnel);
  for (const u of placesAcross(shape.sealed)) {
    const inner = innerAt(pose, shape, u);
    const outer = outerAt(shape, inner, u, round);
    const outerX = inner.x + 3.2 * u * Math.abs(u);
    rows.upperOuter.push([outerX, outer.upper]);
    rows.upperInner.push([inner.x, inner.upper]);
    rows.lowerInner.push([inner.x, inner.lower]);
    rows.lowerOuter.push([outerX + shape.jawX * 0.3 * (1 - u * u), outer.lower]);
  }
  return rows;
}

/** The outer edges: as far from the inner ones as the lips are thick, and around a small hole one wide curve. */
function outerAt({ thickness, middle, corners, sealed }, inner, u, round) {
  const distance = Math.abs(u);
  const bow = 1 - 0.2 * Math.exp(-((u / 0.13) ** 2)) + 0.07 * Math.exp(-(((distance - 0.27) / 0.16) ** 2));
  const above = thickness.upper * (1 - distance ** mix(2.1, 2.8, round)) ** 0.85 * bow;
  const below = thickness.lower * (1 - distance ** mix(2.5, 2.9, round)) ** mix(0.66, 0.56, round);
  const end = SEAM_Y + (u < 0 ? corners.right : corners.left).y;
  const around = smoothstep(0.03, 0.2, sealed) * round;
  const upper = mix(end, SEAM_Y + middle.upper - thickness.upper * bow, (1 - distance ** 2) ** 0.75);
  const lower = mix(end, SEAM_Y + middle.lower + thickness.lower, (1 - distance ** 2.3) ** 0.6);
  return {
    upper: mix(inner.upper - above, Math.min(upper, inner.upper - 0.4 * above), around),
    lower: mix(inner.lower + below, Math.max(lower, inner.lower + 0.4 * below), around),
  };
}

/** Places from -1 to 1, denser where the opening ends, because it may end steeply. */
function placesAcross(sealed) {
  return Array.from({ length: COUNT }, (_, i) => {
    const step = i - OPENING - SEAL;
    const [sign, away] = [Math.sign(step), Math.abs(step)];
    if (away <= OPENING) return sign * (1 - sealed) * Math.sin((Math.PI / 2) * (away / OPENING));
    return sign * (1 - sealed * (1 - (away - OPENING) / SEAL));
  });
}

function innerAt(pose, shape, u) {
  const { middle, gap, pursed, tucked, sealed } = shape;
  const distance = Math.abs(u);
  const end = u < 0 ? shape.corners.right : shape.corners.left;
  const side = smoothstep(-0.7, 0.7, u);
  const x = shape.shiftX * (1 - 0.25 * u * u) + shape.jawX * 0.5 * (1 - u * u) + u * end.x;
  // Lips that are sealed beside the opening meet at its middle, or for f where the lower lip lies.
  const meets = mix((middle.upper + middle.lower) / 2, middle.lower, tucked);
  const edge = mix(end.y, meets, smoothstep(0, 0.3, sealed) * 0.85);
  const apart = Math.exp(-gap / 7);
  const bow = apart * (1 - 0.8 * shape.pressed) * (1.1 * Math.exp(-((u / 0.2) ** 2)) - 0.6 * Math.exp(-(((distance - 0.5) / 0.26) ** 2)));
  const place = distance / (1 - sealed);
  if (place >= 1) {
    const y = SEAM_Y + mix(edge, end.y, sealed > 0 ? (distance - 1 + sealed) / sealed : 1) + bow;
    return { x, upper: y, lower: y };
  }
  // A blunt curve is a mouth that speaks; a round hole is an ellipse.
  const hole = clamp(pursed * 1.3 + pose.mouthFunnel + 0.9 * pose.jawOpen) * clamp(gap / 8);
  const profile = (power) => (1 - place ** mix(power, 2, hole)) ** mix(1, 0.6, hole);
  const lopsided = sideLift(pose, side);
  const [above, below] = [profile(mix(2.5, 2.2, tucked)), profile(2.6)];
  const tubercle = 0.7 * (1 - apart) * (1 - pursed) * Math.exp(-((u / 0.26) ** 2));
  const upper = mix(edge, middle.upper, above) + bow + tubercle + lopsided.upper * above;
  const lower = mix(edge, middle.lower, below) + bow + lopsided.lower * below;
  return { x, upper: SEAM_Y + upper, lower: SEAM_Y + Math.max(upper, lower) };
}

/** What one half of the lips does more than the other. */
function sideLift(pose, side) {
  const more = (name) => (pose[`${name}Left`] - pose[`${name}Right`]) * (side - 0.5);
  return {
    upper: -9 * more("mouthUpperUp") - 8 * more("noseSneer"),
    lower: 8 * more("mouthLowerDown"),
  };
}

/** The middle point of a row. */
export const middleOf = (row) => row[(COUNT - 1) / 2];

/** The points of a row where the opening ends, at the picture's left and right. */
export const endsOf = (row) => [row[SEAL], row[COUNT - 1 - SEAL]];
