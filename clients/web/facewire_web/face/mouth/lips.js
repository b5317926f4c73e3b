/** Paints the two lips and the line where they meet. */

import { PALETTE as C } from "../palette.js";
import { between, clamp, curveThrough, mix, softSpot, verticalGradient } from "../space.js";
import { endsOf, middleOf } from "./lip_contours.js";

/** The lower lip with its shine. */
export function drawLowerLip(context, space, shape, rows) {
  const [top, bottom] = [middleOf(rows.lowerInner), middleOf(rows.lowerOuter)];
  context.save();
  between(context, rows.lowerInner, rows.lowerOuter);
  context.fillStyle = verticalGradient(context, top[1], Math.max(top[1] + 1, bottom[1]), [
    [0, C.lipLowerDark], [0.22, C.lipLower], [0.7, C.lipLower], [1, C.lipLowerDark],
  ]);
  context.fill();
  context.clip();
  const height = bottom[1] - top[1];
  const pout = clamp(shape.pursed + 0.6 * shape.flared);
  const across = space.scale * mix(15, 10, pout);
  softSpot(context, [top[0] - 3 * space.scale, mix(top[1], bottom[1], 0.42)], across, height * 0.42,
    C.lipShine, 0.5 + 0.22 * pout);
  softSpot(context, [top[0], bottom[1]], 26 * space.scale, height * 0.34, C.deepSpot, 0.3);
  drawCreases(context, shape, rows.lowerInner, rows.lowerOuter);
  context.restore();
}

/** The upper lip, and the line between closed lips. */
export function drawUpperLip(context, space, shape, rows) {
  const [top, bottom] = [middleOf(rows.upperOuter), middleOf(rows.upperInner)];
  context.save();
  between(context, rows.upperOuter, rows.upperInner);
  context.fillStyle = verticalGradient(context, top[1], Math.max(top[1] + 1, bottom[1]), [
    [0, C.lipUpper], [0.45, C.lipUpper], [1, C.lipUpperDark],
  ]);
  context.fill();
  context.clip();
  const height = bottom[1] - top[1];
  softSpot(context, [top[0] - 9 * space.scale, mix(top[1], bottom[1], 0.3)], 10 * space.scale, height * 0.3,
    C.lipShine, 0.3);
  softSpot(context, [top[0] + 8 * space.scale, mix(top[1], bottom[1], 0.3)], 8 * space.scale, height * 0.3,
    C.lipShine, 0.18);
  drawCreases(context, shape, rows.upperOuter, rows.upperInner);
  context.restore();
  drawRim(context, space, rows.upperOuter);
  drawSeam(context, space, shape, rows);
}

/** A pale edge above the upper lip, where light catches it. */
function drawRim(context, space, row) {
  context.strokeStyle = `rgba(${C.lightSpot}, 0.3)`;
  context.lineWidth = 0.9 * space.scale;
  context.lineCap = "round";
  context.beginPath();
  curveThrough(context, row.slice(8, -8).map(([x, y]) => [x, y - 0.7 * space.scale]));
  context.stroke();
}

/** Rounded lips fold in fine lines that run from the inside out. */
function drawCreases(context, shape, from, to) {
  const strength = clamp(shape.pursed - 0.3);
  if (strength <= 0) return;
  context.strokeStyle = `rgba(110, 36, 48, ${0.26 * strength})`;
  context.lineWidth = 1;
  context.beginPath();
  for (let i = 5; i < from.length - 5; i += 3) {
    const at = (share) => [mix(from[i][0], to[i][0], share), mix(from[i][1], to[i][1], share)];
    context.moveTo(...at(0.12));
    context.lineTo(...at(0.86));
  }
  context.stroke();
}

/** The dark line between lips that touch; it fades as they part. */
function drawSeam(context, space, shape, rows) {
  const alpha = 0.85 * Math.exp(-shape.gap / 4);
  context.lineCap = "round";
  context.lineJoin = "round";
  context.strokeStyle = `rgba(74, 18, 28, ${Math.max(0.25, alpha)})`;
  context.lineWidth = mix(1.1, 1.7, clamp(shape.overlap / 12)) * space.scale;
  context.beginPath();
  curveThrough(context, rows.upperInner);
  context.stroke();
  for (const [row, side] of [[rows.upperInner[0], -1], [rows.upperInner.at(-1), 1]]) {
    softSpot(context, [row[0] + side * space.scale, row[1]], 4.5 * space.scale, 3 * space.scale, C.deepSpot, 0.65);
  }
}
