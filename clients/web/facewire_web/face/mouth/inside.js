/** Draws what is behind the lips: the dark, the teeth and the tongue, in the light that falls on them. */

import { PALETTE as C } from "../palette.js";
import { clamp, softSpot, verticalGradient } from "../space.js";
import { endsOf, middleOf } from "./lip_contours.js";
import { drawLowerTeeth, drawUpperTeeth } from "./teeth.js";
import { drawTongue } from "./tongue.js";

const DARK = "40, 8, 16";

/** Draw everything behind the lips; the caller has clipped to the opening. */
export function drawInside(context, space, pose, shape, rows) {
  const [top, bottom] = [middleOf(rows.upperInner)[1], middleOf(rows.lowerInner)[1]];
  context.fillStyle = verticalGradient(context, top, Math.max(top + 1, bottom), [
    [0, C.mouthDark], [0.6, C.mouth], [1, C.mouthDark],
  ]);
  fillAll(context, rows);
  if (shape.gap <= 0) return;
  drawTongue(context, space, pose, shape);
  drawLowerTeeth(context, space, shape);
  drawUpperTeeth(context, space);
  shade(context, space, shape, rows);
}

function shade(context, space, shape, rows) {
  const { scale } = space;
  const top = middleOf(rows.upperInner);
  // The upper lip's shadow is a few units deep.
  context.fillStyle = verticalGradient(context, top[1] - scale, top[1] + 4.5 * scale, [
    [0, `rgba(${DARK}, 0.42)`], [1, `rgba(${DARK}, 0)`],
  ]);
  fillAll(context, rows);
  // Lips that purse keep the light from the teeth: there is a hole to be seen.
  context.fillStyle = `rgba(${DARK}, ${clamp(1.6 * (shape.pursed - 0.15), 0, 0.92)})`;
  fillAll(context, rows);
  for (const end of endsOf(rows.upperInner)) softSpot(context, end, 13 * scale, 18 * scale, DARK, 0.8);
}

/** Fill all that the caller has clipped to. */
function fillAll(context, rows) {
  const top = Math.min(...rows.upperInner.map(([, y]) => y));
  const bottom = Math.max(...rows.lowerInner.map(([, y]) => y));
  const [left, right] = [rows.upperInner[0][0], rows.upperInner.at(-1)[0]];
  context.fillRect(left - 2, top - 2, right - left + 4, bottom - top + 4);
}
