/** Draws the mouth: what is around it, the inside with teeth and tongue, then the lips. */

import { PALETTE as C } from "../palette.js";
import { between, clamp, softSpot } from "../space.js";
import { drawInside } from "./inside.js";
import { lipRows, middleOf } from "./lip_contours.js";
import { drawLowerLip, drawUpperLip } from "./lips.js";
import { mouthShape } from "./mouth_shape.js";
import { TEETH_BOTTOM, drawUpperTeeth } from "./teeth.js";
import { drawTongueTip } from "./tongue.js";

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("../space.js").Space} space
 * @param {import("../../client/pose.js").Pose} pose
 * @returns {{mouthGapPx: number, mouthWidthPx: number, lipsHeightPx: number, mouthCenter: number[]}}
 *   what was drawn, in CSS pixels
 */
export function drawMouth(context, space, pose) {
  const shape = mouthShape(pose);
  const contours = lipRows(pose, shape);
  const rows = projectRows(space, shape, contours);
  drawSurroundings(context, space, pose, shape, contours);
  context.save();
  between(context, rows.upperInner, rows.lowerInner);
  context.clip();
  drawInside(context, space, pose, shape, rows);
  context.restore();
  drawLowerLip(context, space, shape, rows);
  drawTuck(context, space, shape, rows);
  drawTongueTip(context, space, pose, shape, rows);
  drawUpperLip(context, space, shape, rows);
  return measure(space, rows);
}

const lipDepth = (x) => 80 - (x * x) / 70;

function projectRows(space, shape, contours) {
  const { upper, lower } = shape.depth;
  // Lips that touch are at one depth, so that they touch in the picture whatever the head does.
  const lowerInner = upper + (lower - upper) * clamp(shape.gap / 8);
  const project = (row, lift) => row.map(([x, y]) => space.point(x, y, lipDepth(x) + lift));
  return {
    upperOuter: project(contours.upperOuter, upper - 1),
    upperInner: project(contours.upperInner, upper),
    lowerInner: project(contours.lowerInner, lowerInner),
    lowerOuter: project(contours.lowerOuter, lower - 1),
  };
}

function measure(space, rows) {
  const [upper, lower] = [middleOf(rows.upperInner), middleOf(rows.lowerInner)];
  const [first, last] = [rows.upperInner[0], rows.upperInner.at(-1)];
  const [top, bottom] = [middleOf(rows.upperOuter), middleOf(rows.lowerOuter)];
  return {
    mouthGapPx: Math.hypot(lower[0] - upper[0], lower[1] - upper[1]),
    mouthWidthPx: Math.hypot(last[0] - first[0], last[1] - first[1]),
    lipsHeightPx: Math.hypot(bottom[0] - top[0], bottom[1] - top[1]),
    mouthCenter: space.inPicture([(upper[0] + lower[0]) / 2, (upper[1] + lower[1]) / 2]),
  };
}

/** Shadows that seat the mouth in the face: under the lip, above it, at the corners. */
function drawSurroundings(context, space, pose, shape, contours) {
  const s = space.scale;
  const bottom = middleOf(contours.lowerOuter);
  const top = middleOf(contours.upperOuter);
  const pout = pose.mouthPucker + pose.mouthFunnel;
  const under = space.skin(bottom[0], bottom[1] + 6);
  softSpot(context, under, (25 - 5 * pout) * s, 9 * s, C.shadowSpot, 0.34 + 0.1 * pout);
  softSpot(context, space.skin(0, bottom[1] + 21), 19 * s, 12 * s, C.lightSpot, 0.22);
  for (const side of [-1, 1]) {
    softSpot(context, space.skin(side * 5 + top[0], top[1] - 9), 3.2 * s, 11 * s, C.shadowSpot, 0.15);
    const end = side < 0 ? contours.upperInner[0] : contours.upperInner.at(-1);
    const dimple = side < 0 ? pose.mouthDimpleRight + 0.5 * pose.mouthSmileRight
      : pose.mouthDimpleLeft + 0.5 * pose.mouthSmileLeft;
    softSpot(context, space.skin(end[0] + side * 5, end[1] + 1), 7 * s, 8 * s, C.shadowSpot,
      0.16 + 0.24 * clamp(dimple));
  }
  softSpot(context, space.skin(top[0], top[1] - 8), 3.4 * s, 8 * s, C.lightSpot, 0.3);
}

/** f and v: the upper teeth stand on the lower lip. */
function drawTuck(context, space, shape, rows) {
  const tuck = shape.tucked * clamp(shape.gap / 3);
  if (tuck <= 0.02) return;
  const s = space.scale;
  const reach = 3 * tuck * s;
  const last = rows.lowerInner.length - 1;
  const onLip = rows.lowerInner.map(([x, y], i) => [x, y + reach * (1 - Math.abs((2 * i) / last - 1) ** 4)]);
  context.save();
  between(context, rows.upperInner, onLip);
  context.clip();
  softSpot(context, space.point(0, TEETH_BOTTOM + 0.5, 80), 26 * s, 4 * s, C.deepSpot, 0.9 * tuck);
  context.globalAlpha *= tuck;
  drawUpperTeeth(context, space);
  context.restore();
}
