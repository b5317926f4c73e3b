/**
 * Draws the tongue. `tongueOut` says all that is known of it, so a little of it is a tip that rises
 * behind the upper teeth (l, n), more is a tip between the teeth (th), and much is a tongue put out.
 */

import { PALETTE as C } from "../palette.js";
import { between, clamp, closedCurve, curveThrough, mix, smoothstep, softSpot, verticalGradient } from "../space.js";
import { SEAM_Y } from "./mouth_shape.js";
import { TEETH_BOTTOM } from "./teeth.js";

/** Points around its tip. */
const TIP_POINTS = 17;

const risen = (pose) => smoothstep(0.012, 0.05, pose.tongueOut);
const betweenTeeth = (pose) => smoothstep(0.06, 0.18, pose.tongueOut);

/** What of the tongue lies behind the lower teeth, with its tip raised or not. */
export function drawTongue(context, space, pose, shape) {
  const rise = risen(pose) * (1 - smoothstep(0.25, 0.45, shape.drop / 48));
  const top = mix(SEAM_Y + 5 + shape.drop * 0.48, TEETH_BOTTOM - 2.5, rise);
  const base = Math.max(top + 6, SEAM_Y + shape.drop + 20);
  const half = mix(24, 21, rise);
  const x = shape.jawX * 0.8;
  const points = [
    [-half, base], [-half * mix(0.9, 0.8, rise), mix(top, base, 0.42)], [-half * 0.55, top + 1.4], [0, top + 1.2 - rise],
    [half * 0.55, top + 1.4], [half * mix(0.9, 0.8, rise), mix(top, base, 0.42)], [half, base],
  ].map(([dx, y]) => space.point(x + dx, y, 46 + 12 * rise));
  closedCurve(context, points);
  context.fillStyle = verticalGradient(context, points[3][1], points[0][1], [
    [0, "#9c3f4e"], [0.3, "#d0646f"], [1, C.tongueDark],
  ]);
  context.fill();
  const s = space.scale;
  softSpot(context, space.point(x, mix(top + 12, top + 7, rise), 50), 2.4 * s, 12 * s, "110, 30, 44", 0.5);
  if (rise > 0) softSpot(context, space.point(x - 4, top + 4, 58), 8 * s, 2.6 * s, "255, 206, 204", 0.5 * rise);
}

/** The front of the tongue, between the teeth and out over the lower lip; drawn after that. */
export function drawTongueTip(context, space, pose, shape, rows) {
  const seen = betweenTeeth(pose) * clamp(shape.gap / 3);
  if (seen <= 0) return;
  const s = space.scale;
  context.save();
  context.globalAlpha *= clamp(seen * 1.6);
  const down = (row) => row.map(([x, y]) => [x, y + 60 * s]);
  between(context, rows.upperInner, down(rows.lowerInner));
  context.clip();
  const points = tipOutline(space, pose, shape, seen);
  const [top, tip] = [points[0], points[(points.length - 1) / 2]];
  softSpot(context, [tip[0] + 1.5 * s, tip[1] - s], 18 * s, mix(5, 9, pose.tongueOut) * s, C.deepSpot, 0.6);
  closedCurve(context, points);
  context.fillStyle = verticalGradient(context, top[1], Math.max(top[1] + 1, tip[1]), [
    [0, C.tongueDark], [0.22, C.tongue], [0.7, C.tongueLight], [1, C.tongue],
  ]);
  context.fill();
  drawTipShade(context, space, pose, points, tip);
  context.restore();
}

/** Points around the front of the tongue, from one side at the upper teeth to its tip and to the other side. */
function tipOutline(space, pose, shape, seen) {
  const out = smoothstep(0.3, 1, pose.tongueOut);
  const lip = SEAM_Y + Math.max(shape.middle.lower, shape.middle.upper);
  const top = Math.min(TEETH_BOTTOM - 0.2, lip - 4.5);
  const tip = lip + mix(-1.5, 4, seen) + 27 * out;
  const half = mix(13, 17, Math.max(out, seen));
  const depth = (y) => 72 + 16 * pose.tongueOut - 0.1 * Math.max(0, y - lip);
  return Array.from({ length: TIP_POINTS }, (_, i) => {
    const angle = Math.PI * (i / (TIP_POINTS - 1) - 0.5);
    const y = mix(top, tip, Math.cos(angle) ** 0.8);
    // It is widest a little below the teeth.
    const across = Math.sign(angle) * Math.abs(Math.sin(angle)) ** 0.85 * half;
    return space.point(shape.jawX + across * (1 - mix(0.1, 0.22, out) * Math.sin(angle) ** 8), y, depth(y));
  });
}

function drawTipShade(context, space, pose, points, tip) {
  const s = space.scale;
  const top = [(points[0][0] + points.at(-1)[0]) / 2, points[0][1]];
  const length = Math.abs(tip[1] - top[1]);
  const middle = [(top[0] + tip[0]) / 2, (top[1] + tip[1]) / 2];
  softSpot(context, middle, 2 * s, length * 0.45, "150, 44, 60", 0.3 + 0.25 * pose.tongueOut);
  softSpot(context, [middle[0] - 5.5 * s, mix(top[1], tip[1], 0.6)], 4.6 * s, length * 0.2, "255, 232, 228", 0.5);
  context.strokeStyle = "rgba(110, 26, 42, 0.5)";
  context.lineWidth = s;
  context.beginPath();
  curveThrough(context, points);
  context.stroke();
}
