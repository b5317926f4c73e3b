/**
 * Where the lips, the teeth and the tongue are, from the weights. Pure arithmetic, no drawing.
 *
 * How far each shape moves the lips follows the expression shapes of the ICT face model
 * (USC Institute for Creative Technologies, MIT licence), measured at the inner lips, the corners
 * and the chin, 13.6 units for a centimetre; rounding and spreading are then exaggerated a little.
 */

import { clamp, mix, smoothstep } from "./space.js";

/** Height of the line between the closed lips. */
export const SEAM_Y = 75;

const HALF_WIDTH = 32;
const UPPER_THICKNESS = 9.5;
const LOWER_THICKNESS = 13;
const SAMPLES = 33;
const ACROSS = Array.from({ length: SAMPLES }, (_, i) => (2 * i) / (SAMPLES - 1) - 1);
const MIDDLE = (SAMPLES - 1) / 2;

/** The gap between the inner lips at jawOpen = 1, in units. */
export const FULL_GAP = 45;

/** How far the lips are from each other in the middle, in units; 0 when they touch. */
export function lipGap(pose) {
  const { upper, lower } = innerLips(pose);
  return Math.max(0, lower - upper);
}

/** Heights of the inner lips in the middle, from the seam, downwards; they may overlap. */
function innerLips(pose) {
  const close = closing(pose);
  const upper = 3 * pose.jawOpen - 3 * close - 7.5 * pose.mouthFunnel
    - 5.2 * (pose.mouthUpperUpLeft + pose.mouthUpperUpRight)
    - 4.5 * (pose.noseSneerLeft + pose.noseSneerRight)
    - 7 * pose.mouthShrugUpper - 2.2 * pose.mouthRollUpper
    - 2.5 * (pose.mouthSmileLeft + pose.mouthSmileRight);
  const lower = 48 * pose.jawOpen - 51 * close + 11 * pose.mouthFunnel
    + 4.6 * (pose.mouthLowerDownLeft + pose.mouthLowerDownRight)
    + 1.5 * pose.jawForward - 4.8 * pose.mouthRollLower - 9.4 * pose.mouthShrugLower
    - 1.8 * (pose.mouthPressLeft + pose.mouthPressRight)
    - 2.5 * (pose.mouthSmileLeft + pose.mouthSmileRight)
    - 7 * (pose.mouthClose - close);
  // A tongue that is out stands between the lips, also where no weight says that they are open.
  const room = mix(-60, 7, smoothstep(0, 0.5, pose.tongueOut));
  return { upper, lower: Math.max(lower, upper + room) };
}

/** mouthClose brings the lips together over an open jaw, and no further than together. */
function closing(pose) {
  return Math.min(pose.mouthClose, pose.jawOpen);
}

/**
 * The mouth in units of the head.
 * @param {import("../client/pose.js").Pose} pose
 */
export function mouthShape(pose) {
  const { upper, lower } = innerLips(pose);
  const overlap = Math.max(0, upper - lower);
  // Where lips push against each other the upper one gives way a little.
  const met = upper - 0.4 * overlap;
  const middle = overlap > 0 ? { upper: met, lower: met } : { upper, lower };
  const gap = middle.lower - middle.upper;
  const corners = { left: corner(pose, "Left"), right: corner(pose, "Right") };
  const shiftX = 17 * (pose.mouthLeft - pose.mouthRight);
  const jawX = 14 * (pose.jawLeft - pose.jawRight);
  const round = clamp(0.75 * pose.mouthPucker + 0.8 * pose.mouthFunnel + 0.4 * pose.jawOpen);
  const shape = {
    gap, overlap, middle, corners, shiftX, jawX, round,
    drop: 48 * pose.jawOpen,
    thickness: thickness(pose, overlap),
    depth: depths(pose),
  };
  return { ...shape, ...contours(pose, shape) };
}

function corner(pose, side) {
  const of = (name) => pose[`${name}${side}`];
  const narrow = 1 - 0.42 * pose.mouthPucker - 0.24 * pose.mouthFunnel
    - 0.12 * pose.jawOpen * (1 - pose.mouthStretchLeft) - 0.06 * pose.cheekPuff;
  const x = HALF_WIDTH * Math.max(0.42, narrow) + 9.5 * of("mouthSmile") + 9 * of("mouthStretch")
    + 2.4 * of("mouthFrown") + 3.6 * of("mouthDimple") - 0.8 * of("mouthPress")
    + pose.mouthRollLower + pose.mouthRollUpper;
  const y = 20 * pose.jawOpen - 21 * closing(pose) - 13 * of("mouthSmile") + 9 * of("mouthFrown")
    + 4 * of("mouthStretch") - 3 * of("mouthDimple") - 2 * of("mouthPress")
    - 2 * pose.mouthPucker - 3 * pose.mouthShrugLower
    - 5 * (side === "Left" ? pose.mouthLeft : pose.mouthRight);
  // At rest the corners stand a little higher than the middle: a friendly face.
  return { x, y: y - 3.4 };
}

function thickness(pose, overlap) {
  const full = 1 + 0.3 * pose.mouthPucker + 0.22 * pose.mouthFunnel
    - 0.1 * (pose.mouthSmileLeft + pose.mouthSmileRight)
    - 0.12 * (pose.mouthStretchLeft + pose.mouthStretchRight)
    - 0.14 * (pose.mouthPressLeft + pose.mouthPressRight);
  const squeezed = Math.exp(-overlap / 30);
  const upper = UPPER_THICKNESS * full * squeezed * (1 - 0.72 * pose.mouthRollUpper)
    * (1 - 0.08 * (pose.mouthUpperUpLeft + pose.mouthUpperUpRight));
  const lower = LOWER_THICKNESS * full * squeezed * (1 - 0.62 * pose.mouthRollLower)
    * (1 - 0.14 * pose.jawOpen + 0.12 * pose.mouthShrugLower);
  return { upper: Math.max(2, upper), lower: Math.max(3, lower) };
}

function depths(pose) {
  const pushed = 10 * pose.mouthPucker + 9 * pose.mouthFunnel;
  return {
    upper: pushed + 3 * pose.mouthShrugUpper - 6 * pose.mouthRollUpper,
    lower: pushed + 10 * pose.jawForward + 6 * pose.mouthShrugLower - 8 * pose.mouthRollLower
      - 10 * pose.jawOpen,
  };
}

/** Four rows of points `[x, y]`, from the picture's left (the speaker's right) to its right. */
function contours(pose, shape) {
  const rows = { upperOuter: [], upperInner: [], lowerInner: [], lowerOuter: [] };
  for (const u of ACROSS) {
    const inner = innerAt(pose, shape, u);
    const bow = 1 - 0.2 * Math.exp(-((u / 0.13) ** 2)) + 0.07 * Math.exp(-(((Math.abs(u) - 0.27) / 0.16) ** 2));
    const above = shape.thickness.upper * (1 - Math.abs(u) ** 2.1) ** 0.85 * bow;
    const below = shape.thickness.lower * (1 - Math.abs(u) ** 2.5) ** mix(0.66, 0.5, shape.round);
    const outerX = inner.x + 3.2 * u * Math.abs(u);
    rows.upperOuter.push([outerX, inner.upper - above]);
    rows.upperInner.push([inner.x, inner.upper]);
    rows.lowerInner.push([inner.x, inner.lower]);
    rows.lowerOuter.push([outerX + shape.jawX * 0.3 * (1 - u * u), inner.lower + below]);
  }
  return rows;
}

function innerAt(pose, shape, u) {
  const side = smoothstep(-0.7, 0.7, u);
  const end = u < 0 ? shape.corners.right : shape.corners.left;
  const open = shape.gap / FULL_GAP;
  // A parabola makes a sharp corner, an ellipse a round one; lips that touch lie on one line.
  const profile = (1 - Math.abs(u) ** 2.15) ** mix(1, 0.55, clamp(shape.round * 1.2) * clamp(open * 4));
  // A rounded mouth has its corners beside the opening, not above it.
  const endY = end.y + 0.42 * shape.round * shape.gap * (1 - 0.8 * pose.jawOpen);
  const x = shape.shiftX * (1 - 0.25 * u * u) + shape.jawX * 0.5 * (1 - u * u) + u * end.x;
  const wave = Math.exp(-shape.gap / 7)
    * (1.1 * Math.exp(-((u / 0.2) ** 2)) - 0.6 * Math.exp(-(((Math.abs(u) - 0.5) / 0.26) ** 2)));
  const tubercle = 1.4 * Math.exp(-((u / 0.2) ** 2)) * (1 - Math.exp(-shape.gap / 7));
  const lopsided = sideLift(pose, side);
  const upper = mix(endY, shape.middle.upper, profile) + wave + tubercle + lopsided.upper * profile;
  const lower = mix(endY, shape.middle.lower, profile) + wave + lopsided.lower * profile;
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

/** The middle sample of a row of points. */
export const middleOf = (row) => row[MIDDLE];
