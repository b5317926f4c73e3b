/**
 * How the weights move lips, corners and jaw. Pure arithmetic, no drawing.
 *
 * How far each shape moves the lips follows the expression shapes of the ICT face model
 * (USC Institute for Creative Technologies, MIT licence), measured at the inner lips, the corners
 * and the chin, 13.6 units for a centimetre. Rounding, pressing and tucking are then exaggerated:
 * speech asks for little of them, and a face of 300 pixels must show it.
 */

import { clamp, mix, smoothstep } from "../numbers.js";

/** Height of the line between the closed lips. */
export const SEAM_Y = 75;

const HALF_WIDTH = 32;
const UPPER_THICKNESS = 9.5;
const LOWER_THICKNESS = 13;

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
    - 2.5 * (pose.mouthSmileLeft + pose.mouthSmileRight)
    // Of a tongue between the teeth, and of flared lips, the upper teeth are what is recognised.
    - 3.5 * smoothstep(0.12, 0.35, pose.tongueOut) - 3.5 * hushing(pose);
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

/** How far lips are pushed out before a jaw that is too, as for sh: neither o nor r moves it. */
function hushing(pose) {
  return smoothstep(0.06, 0.1, pose.jawForward) * smoothstep(0.15, 0.35, pose.mouthFunnel) * (1 - clamp(3 * pose.jawOpen));
}

/** mouthClose brings the lips together over an open jaw, and no further than together. */
function closing(pose) {
  return Math.min(pose.mouthClose, pose.jawOpen);
}

/**
 * @typedef {Object} MouthShape In units of the head; heights from the seam, downwards.
 * @property {number} gap between the lips in the middle, 0 when they touch
 * @property {number} overlap how far lips that touch push against each other
 * @property {{upper: number, lower: number}} middle the inner lips in the middle
 * @property {{left: {x: number, y: number}, right: {x: number, y: number}}} corners of the speaker's
 * @property {number} shiftX of the whole mouth
 * @property {number} jawX of what hangs on the jaw
 * @property {number} drop of the lower teeth
 * @property {number} pursed lips that leave a small round hole, 0 to 1
 * @property {number} flared pushed out lips that leave the teeth to be seen, as for sh, 0 to 1
 * @property {number} tucked the lower lip below the edge of the upper teeth, as for f, 0 to 1
 * @property {number} pressed lips that are rolled in or pressed, as for m, 0 to 1
 * @property {number} sealed share of the mouth's half width, from the corner, where the lips touch
 * @property {{upper: number, lower: number}} thickness
 * @property {{upper: number, lower: number}} depth how far the lips stand out
 */

/**
 * The mouth in a pose.
 * @param {import("../../client/pose.js").Pose} pose
 * @returns {MouthShape}
 */
export function mouthShape(pose) {
  const { upper, lower } = innerLips(pose);
  const overlap = Math.max(0, upper - lower);
  // Where lips push against each other the upper one gives way a little.
  const met = upper - 0.4 * overlap;
  const middle = overlap > 0 ? { upper: met, lower: met } : { upper, lower };
  const character = characterOf(pose);
  const gap = middle.lower - middle.upper;
  return {
    gap,
    overlap,
    middle,
    ...character,
    corners: { left: corner(pose, character, gap, "Left"), right: corner(pose, character, gap, "Right") },
    shiftX: 17 * (pose.mouthLeft - pose.mouthRight),
    jawX: 14 * (pose.jawLeft - pose.jawRight),
    drop: 48 * pose.jawOpen,
    sealed: sealed(pose, character),
    thickness: thickness(pose, character, overlap),
    depth: depths(pose),
  };
}

/** What a mouth is recognised by, each 0 to 1. */
function characterOf(pose) {
  const bared = (pose.mouthUpperUpLeft + pose.mouthUpperUpRight) / 2;
  const press = (pose.mouthPressLeft + pose.mouthPressRight) / 2;
  const pout = rising(pose.mouthPucker, 2.3);
  const flared = Math.max(smoothstep(0.05, 0.14, bared), hushing(pose)) * clamp(1.6 * pose.mouthFunnel + pose.mouthPucker);
  return {
    pursed: pout * (1 - 0.8 * smoothstep(0, 0.4, flared)),
    flared,
    tucked: smoothstep(0.12, 0.42, pose.mouthRollLower - 0.9 * pose.mouthRollUpper - 0.5 * press),
    pressed: rising(clamp(0.8 * press + pose.mouthRollUpper), 2.2),
  };
}

/** A share that grows fast at first. */
const rising = (share, power) => 1 - (1 - share) ** power;

function sealed(pose, { pursed, tucked }) {
  const wide = smoothstep(0.25, 0.8, pose.jawOpen);
  return clamp(0.5 * pursed * (1 - 0.75 * wide) + 0.3 * tucked * (1 - wide), 0, 0.62);
}

function corner(pose, { pursed, flared, tucked, pressed }, gap, side) {
  const of = (name) => pose[`${name}${side}`];
  const narrow = 1 - 0.46 * pursed - 0.24 * pose.mouthFunnel - 0.1 * flared - 0.06 * tucked
    - 0.12 * pose.jawOpen * (1 - of("mouthStretch")) - 0.06 * pose.cheekPuff;
  const x = HALF_WIDTH * Math.max(0.42, narrow) + 9.5 * of("mouthSmile") + 9 * of("mouthStretch")
    + 2.4 * of("mouthFrown") + 3.6 * of("mouthDimple") + 2.4 * pressed;
  const y = 20 * pose.jawOpen - 21 * closing(pose) - 13 * of("mouthSmile") + 9 * of("mouthFrown")
    + 4 * of("mouthStretch") - 3 * of("mouthDimple") - 2 * of("mouthPress")
    + 2 * pursed - 3 * pose.mouthShrugLower + 2 * pressed + 3 * tucked
    - 5 * (side === "Left" ? pose.mouthLeft : pose.mouthRight)
    // A rounded mouth has its corners beside the opening, not above it.
    + 0.42 * clamp(pursed + 0.7 * pose.mouthFunnel) * gap * (1 - 0.6 * pose.jawOpen);
  // At rest the corners stand a little higher than the middle: a friendly face.
  return { x, y: y - 3.4 };
}

function thickness(pose, { pursed, flared, tucked, pressed }, overlap) {
  const full = 1 + 0.26 * pursed + 0.3 * flared + 0.2 * pose.mouthFunnel
    - 0.1 * (pose.mouthSmileLeft + pose.mouthSmileRight)
    - 0.12 * (pose.mouthStretchLeft + pose.mouthStretchRight) - 0.5 * pressed;
  const squeezed = Math.exp(-overlap / 36);
  const upper = UPPER_THICKNESS * full * squeezed * (1 - 0.6 * pose.mouthRollUpper)
    * (1 - 0.08 * (pose.mouthUpperUpLeft + pose.mouthUpperUpRight)) * (1 - 0.12 * tucked);
  const lower = LOWER_THICKNESS * full * squeezed * mix(1 - 0.5 * pose.mouthRollLower, 0.56, tucked)
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
