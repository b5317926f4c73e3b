/** Draws the hair: short, and swept from a parting above the speaker's left eye. */

import { outlineOf } from "./outline.js";
import { closedCurve, curveThrough, mix, softSpot, verticalGradient } from "./space.js";
import { HAIR_RINGS, hairDepths, hairPoint } from "./surface.js";
import { PALETTE as C } from "./palette.js";

/** Where hair and face meet, from the speaker's left temple to the right one. */
const HAIRLINE = [
  [101, 2], [96, -30], [90, -62], [74, -88], [46, -103], [18, -94], [-22, -76], [-60, -66], [-84, -52], [-95, -26], [-100, 2],
];
/** Behind a temple: over the ear and back. */
const OVER_EAR = [[107, -14], [110, -34]];
const FAR = 600;

/** The outline of all hair, before the picture is rolled. */
export function hairOutline(space) {
  return outlineOf(HAIR_RINGS, (u, row) => {
    const [y, half] = row;
    const [front, behind] = hairDepths(u, row);
    return [space.point(u * half, y, front), space.point(u * half, y, behind)];
  });
}

/** The hair behind the head. */
export function drawHairBehind(context, space, outline) {
  closedCurve(context, outline);
  context.fillStyle = colour(context, space);
  context.fill();
}

/** The hair in front. */
export function drawHairInFront(context, space, outline) {
  context.save();
  closedCurve(context, outline);
  context.clip();
  hairline(context, space);
  context.fillStyle = colour(context, space);
  context.fill();
  context.clip();
  softSpot(context, hairPoint(space, -44, -132), 66 * space.scale, 26 * space.scale, "176, 128, 138", 0.5, -0.3);
  drawStrands(context, space);
  context.restore();
}

/** The fringe's shadow on the forehead; the caller has clipped to the head. */
export function drawHairShadow(context, space) {
  const shadow = HAIRLINE.map(([x, y]) => hairPoint(space, x, y + 3));
  context.strokeStyle = `rgba(${C.deepSpot}, 0.017)`;
  context.lineJoin = "round";
  context.lineCap = "round";
  for (let width = 2; width <= 30; width += 2) {
    context.lineWidth = width * space.scale;
    context.beginPath();
    curveThrough(context, shadow);
    context.stroke();
  }
}

/** Begin the path around all that is above the hairline; the outline of the hair bounds it. */
function hairline(context, space) {
  const line = HAIRLINE.map(([x, y]) => hairPoint(space, x, y));
  const left = overEar(space, 1, line[0]);
  const right = overEar(space, -1, line.at(-1));
  const far = FAR * space.scale;
  const [x, y] = space.point(0, 0, 0);
  context.beginPath();
  context.moveTo(x + far, left.at(-1)[1]);
  for (const point of left.reverse()) context.lineTo(...point);
  curveThrough(context, line, { move: false });
  for (const point of right) context.lineTo(...point);
  context.lineTo(x - far, right.at(-1)[1]);
  context.lineTo(x - far, y - far);
  context.lineTo(x + far, y - far);
  context.closePath();
}

/** The way back from a temple; on the side that is turned away there is none to be seen. */
function overEar(space, sign, temple) {
  return OVER_EAR.map(([x, y]) => {
    const [px, py] = space.point(sign * x, y, -30);
    return [sign * Math.max(sign * px, sign * temple[0]), py];
  });
}

function colour(context, space) {
  const [, top] = space.point(0, -172, -20);
  const [, bottom] = space.point(0, 12, -10);
  return verticalGradient(context, top, bottom, [[0, C.hairLight], [0.3, C.hair], [0.85, C.hairDark], [1, C.hairDark]]);
}

function drawStrands(context, space) {
  context.lineCap = "round";
  for (let i = 0; i < 7; i += 1) {
    const t = i / 6;
    const strand = [
      [mix(46, 40, t), mix(-104, -166, t)], [mix(0, -14, t), mix(-96, -160, t)],
      [mix(-52, -74, t), mix(-76, -140, t)], [mix(-90, -112, t), mix(-40, -86, t)],
    ];
    context.strokeStyle = i % 2 ? "rgba(28, 18, 30, 0.34)" : "rgba(190, 146, 152, 0.2)";
    context.lineWidth = (i % 2 ? 1.8 : 2.6) * space.scale;
    context.beginPath();
    curveThrough(context, strand.map(([x, y]) => hairPoint(space, x, y)));
    context.stroke();
  }
  context.strokeStyle = "rgba(28, 18, 30, 0.3)";
  context.lineWidth = 1.8 * space.scale;
  context.beginPath();
  for (const lift of [0, 14, 28]) {
    curveThrough(context, [[48, -106 - lift], [84, -96 - lift], [103, -50 - lift]].map(([x, y]) => hairPoint(space, x, y)));
  }
  context.stroke();
}
