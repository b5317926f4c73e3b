/** What is behind the lips: the dark, the teeth and the tongue. */

import { between, clamp, closedCurve, curveThrough, mix, smoothstep, softSpot, verticalGradient } from "./space.js";
import { SEAM_Y, middleOf } from "./mouth_shape.js";
import { PALETTE as C } from "./palette.js";

const TEETH_BOTTOM = SEAM_Y + 7.5;
const TEETH_TOP = SEAM_Y - 13;
const TEETH_EDGES = [-27, -21.5, -15.2, -8.2, 0, 8.2, 15.2, 21.5, 27];
const ARCH = Array.from({ length: 9 }, (_, i) => -29 + (58 * i) / 8);

const teethDepth = (x) => 66 - (x * x) / 45;

/** Draw everything behind the lips; the caller has clipped to the opening. */
export function drawInside(context, space, pose, shape, rows) {
  const top = middleOf(rows.upperInner)[1];
  const bottom = middleOf(rows.lowerInner)[1];
  context.fillStyle = verticalGradient(context, top, Math.max(top + 1, bottom), [
    [0, C.mouthDark], [0.55, C.mouth], [1, C.mouthDark],
  ]);
  fillAll(context, rows);
  if (shape.gap <= 0) return;
  drawTongue(context, space, pose, shape);
  drawLowerTeeth(context, space, pose, shape);
  drawUpperTeeth(context, space);
  if (pose.tongueOut > 0.02) fillTongueTip(context, space, pose, shape);
  const { scale } = space;
  const shade = clamp(shape.gap / 10);
  softSpot(context, [middleOf(rows.upperInner)[0], top], 40 * scale, 8 * scale, "30, 6, 14", 0.4 * shade);
  // Lips that are pushed out keep the light from the teeth.
  context.fillStyle = `rgba(56, 14, 24, ${clamp(0.55 * pose.mouthPucker + 0.45 * pose.mouthFunnel, 0, 0.66)})`;
  fillAll(context, rows);
  for (const end of [rows.upperInner[0], rows.upperInner.at(-1)]) {
    softSpot(context, end, 15 * scale, 20 * scale, "30, 6, 14", 0.75);
  }
}

function fillAll(context, rows) {
  between(context, rows.upperInner, rows.lowerInner);
  context.fill();
}

/** Upper teeth belong to the skull: they do not move with the jaw. */
export function drawUpperTeeth(context, space) {
  const bottom = (x) => TEETH_BOTTOM - 2.6 * (x / 27) ** 2;
  const edge = ARCH.map((x) => space.point(x, bottom(x), teethDepth(x)));
  const roots = ARCH.map((x) => space.point(x, TEETH_TOP, teethDepth(x)));
  const [low, high] = [edge[4][1], roots[4][1]];
  between(context, roots, edge);
  context.fillStyle = verticalGradient(context, high, low, [
    [0, C.gum], [0.22, C.gum], [0.3, C.teethShade], [0.5, C.teeth], [0.92, C.teeth], [1, C.teethShade],
  ]);
  context.fill();
  drawGrooves(context, space, (x) => [TEETH_TOP + 6, bottom(x) - 0.4], 0);
}

function drawLowerTeeth(context, space, pose, shape) {
  // Rounded lips stand in front of the lower teeth.
  const y = SEAM_Y + shape.drop + 9 * clamp(pose.mouthFunnel + pose.mouthPucker);
  const top = (x) => y - 0.8 + 1.8 * (x / 24) ** 2;
  const span = ARCH.map((x) => x * 0.86);
  const at = (x, height) => space.point(x + shape.jawX, height, teethDepth(x) - 6 - shape.drop * 0.12);
  const edge = span.map((x) => at(x, top(x)));
  const roots = span.map((x) => at(x, y + 12));
  between(context, edge, roots);
  context.fillStyle = verticalGradient(context, edge[4][1], roots[4][1], [
    [0, C.teethShade], [0.12, "#efe7df"], [0.5, "#e6dad2"], [0.75, C.teethShade], [0.85, C.gum], [1, C.gum],
  ]);
  context.fill();
  context.strokeStyle = "rgba(60, 16, 24, 0.35)";
  context.lineWidth = 0.8 * space.scale;
  context.beginPath();
  curveThrough(context, edge);
  context.stroke();
  drawGrooves(context, space, (x) => [top(x * 0.86), y + 8], shape.jawX, 0.72);
}

function drawGrooves(context, space, span, shiftX, squeeze = 1) {
  context.strokeStyle = "rgba(120, 84, 78, 0.17)";
  context.lineWidth = 0.55 * space.scale;
  context.beginPath();
  for (const x of TEETH_EDGES) {
    const [from, to] = span(x * squeeze);
    context.moveTo(...space.point(x * squeeze + shiftX, from, teethDepth(x)));
    context.lineTo(...space.point(x * squeeze + shiftX, to, teethDepth(x)));
  }
  context.stroke();
}

/** The back of the tongue, lying behind the lower teeth. */
function drawTongue(context, space, pose, shape) {
  const top = SEAM_Y + 8 + shape.drop * 0.5 - 8 * pose.tongueOut;
  const base = SEAM_Y + shape.drop + 20;
  const half = 24;
  const x = shape.jawX * 0.8;
  const points = [
    [-half, base], [-half * 0.9, mix(top, base, 0.42)], [-half * 0.5, top + 1.4], [0, top + 1.2],
    [half * 0.5, top + 1.4], [half * 0.9, mix(top, base, 0.42)], [half, base],
  ].map(([dx, y]) => space.point(x + dx, y, 46));
  closedCurve(context, points);
  context.fillStyle = verticalGradient(context, points[3][1], points[0][1], [
    [0, "#8f3a48"], [0.45, "#cf6a72"], [1, C.tongueDark],
  ]);
  context.fill();
  softSpot(context, space.point(x, top + 12, 50), 2.4 * space.scale, 12 * space.scale, "110, 30, 44", 0.5);
}

/** Outline of the tongue's front, from between the teeth (point 0) to where its tip hangs (point 8). */
function tongueTip(space, pose, shape) {
  const out = pose.tongueOut;
  const middle = SEAM_Y + Math.max(shape.middle.lower, shape.middle.upper);
  const top = Math.min(middle - 1.5, mix(SEAM_Y + 8 + shape.drop * 0.5, TEETH_BOTTOM - 2.5, smoothstep(0, 0.25, out)));
  const tip = middle + mix(-1, 3, smoothstep(0, 0.3, out)) + 27 * smoothstep(0.3, 1, out);
  const half = mix(14, 16, out);
  const x = shape.jawX;
  const depth = (y) => 72 + 16 * out - 0.1 * Math.max(0, y - middle);
  const blunt = (wave) => Math.sign(wave) * Math.abs(wave) ** mix(1, 0.72, out);
  return Array.from({ length: 16 }, (_, i) => {
    const angle = (i * Math.PI) / 8;
    const y = mix(top, tip, 0.5 - 0.5 * blunt(Math.cos(angle)));
    return space.point(x + half * blunt(Math.sin(angle)), y, depth(y));
  });
}

function fillTongueTip(context, space, pose, shape) {
  const points = tongueTip(space, pose, shape);
  const [top, tip] = [points[0], points[8]];
  context.save();
  context.globalAlpha *= smoothstep(0.02, 0.12, pose.tongueOut);
  closedCurve(context, points);
  context.fillStyle = verticalGradient(context, top[1], Math.max(top[1] + 1, tip[1]), [
    [0, C.tongueDark], [0.35, C.tongue], [0.8, "#ea9092"], [1, C.tongueDark],
  ]);
  context.fill();
  const s = space.scale;
  const middle = [(top[0] + tip[0]) / 2, (top[1] + tip[1]) / 2];
  const length = Math.abs(tip[1] - top[1]);
  softSpot(context, middle, 2.2 * s, length * 0.42, "140, 40, 54", 0.15 + 0.35 * pose.tongueOut);
  softSpot(context, [middle[0] - 5 * s, middle[1] + length * 0.2], 4 * s, length * 0.2, "255, 220, 214", 0.4);
  context.restore();
}

/** A tongue that is far out lies on the lower lip. */
export function drawTongueOut(context, space, pose, shape, rows) {
  const over = smoothstep(0.12, 0.3, pose.tongueOut) * clamp(shape.gap / 4);
  if (over <= 0) return;
  context.save();
  context.globalAlpha *= over;
  const down = (row) => row.map(([x, y]) => [x, y + 60 * space.scale]);
  between(context, rows.upperInner, down(rows.lowerInner));
  context.clip();
  const tip = tongueTip(space, pose, shape)[8];
  softSpot(context, [tip[0] + 1.5 * space.scale, tip[1] - 2 * space.scale], 17 * space.scale, 9 * space.scale, C.deepSpot, 0.4);
  fillTongueTip(context, space, pose, shape);
  context.restore();
}
