/** Draws what the face sits on: shoulders, neck, head, ears and hair. */

import { between, closedCurve, curveThrough, mix, softSpot, verticalGradient } from "./face_space.js";
import { PALETTE as C } from "./face_palette.js";

/** Right half of the outline: x, y, depth, how much of the jaw's drop it follows, of a puffed cheek. */
const OUTLINE = [
  [0, -132, 0, 0, 0], [52, -122, 0, 0, 0], [86, -84, 2, 0, 0], [96, -36, 4, 0, 0], [95, 8, 8, 0, 0],
  [91, 42, 14, 0.04, 6], [80, 77, 24, 0.35, 11], [57, 105, 36, 0.8, 4], [29, 121.5, 44, 1, 0], [0, 126, 46, 1, 0],
];
const CHIN_DROP = 33;
const JAW_SHIFT = 9;

/** Shoulders and neck. They stay where they are, and lean a little with the head. */
export function drawBody(context, space, pose, bottomY) {
  const still = (x, y) => {
    const [sx, sy] = [space.origin[0], space.origin[1]];
    return [sx + (x + 10 * Math.sin(pose.head[0])) * space.scale, sy + (y - 14) * space.scale];
  };
  const drop = Math.max(bottomY, still(0, 300)[1]) + 10;
  drawNeck(context, space, pose, still);
  const [left] = still(-178, 0);
  const [right] = still(178, 0);
  const shoulders = [[-178, 268], [-150, 236], [-100, 215], [-62, 198], [-46, 184]].map(([x, y]) => still(x, y));
  const others = [[46, 184], [62, 198], [100, 215], [150, 236], [178, 268]].map(([x, y]) => still(x, y));
  context.beginPath();
  context.moveTo(left, drop);
  curveThrough(context, shoulders, { move: false });
  curveThrough(context, [[-46, 184], [-26, 208], [0, 214], [26, 208], [46, 184]].map(([x, y]) => still(x, y)), { move: false });
  curveThrough(context, others, { move: false });
  context.lineTo(right, drop);
  context.closePath();
  context.fillStyle = verticalGradient(context, still(0, 186)[1], still(0, 300)[1], [
    [0, C.shirtLight], [0.5, C.shirt], [1, C.shirtDark],
  ]);
  context.fill();
  drawCollar(context, space, still);
}

function drawNeck(context, space, pose, still) {
  const points = [[-35, 84], [-35.5, 130], [-38, 166], [-47, 196], [0, 232], [47, 196], [38, 166], [35.5, 130], [35, 84]];
  closedCurve(context, points.map(([x, y]) => still(x, y)));
  context.fillStyle = verticalGradient(context, still(0, 110)[1], still(0, 215)[1], [
    [0, C.skinDeep], [0.35, C.skinShade], [1, C.skin],
  ]);
  context.fill();
  context.save();
  context.clip();
  const chin = space.point(0, 140 + CHIN_DROP * pose.jawOpen, 30);
  softSpot(context, [chin[0] + 4 * space.scale, chin[1]], 66 * space.scale, 42 * space.scale, C.deepSpot, 0.62);
  softSpot(context, still(-16, 190), 20 * space.scale, 14 * space.scale, C.lightSpot, 0.3);
  context.restore();
}

function drawCollar(context, space, still) {
  const outer = [[-47.5, 183], [-42, 199], [-25, 215], [0, 220], [25, 215], [42, 199], [47.5, 183]].map(([x, y]) => still(x, y));
  const inner = [[-46.5, 183], [-37, 194.5], [-21, 207], [0, 211.5], [21, 207], [37, 194.5], [46.5, 183]].map(([x, y]) => still(x, y));
  context.strokeStyle = `rgba(${C.shirtShadow}, 0.6)`;
  context.lineWidth = 2.4 * space.scale;
  context.lineJoin = "round";
  between(context, inner, outer);
  context.stroke();
  context.fillStyle = C.shirtLight;
  context.fill();
  softSpot(context, still(-104, 232), 60 * space.scale, 18 * space.scale, "160, 226, 226", 0.28, -0.35);
}

/** The outline of the head in the picture. */
export function headOutline(space, pose) {
  const jawX = JAW_SHIFT * (pose.jawLeft - pose.jawRight);
  const at = ([x, y, z, follows, puffs], sign) => space.point(
    sign * (x + puffs * pose.cheekPuff - 3 * follows * pose.jawOpen * (x / 80)) + jawX * follows,
    y + CHIN_DROP * pose.jawOpen * follows - 2 * follows * pose.mouthShrugLower,
    z + follows * 8 * pose.jawForward,
  );
  const right = OUTLINE.map((row) => at(row, 1));
  const left = OUTLINE.slice(1, -1).reverse().map((row) => at(row, -1));
  return [...right, ...left];
}

/** The fringe's shadow on the forehead; the caller has clipped to the head. */
function drawHairShadow(context, space) {
  const shadow = [...FRINGE.slice(9), FRINGE[0]].map(([x, y, z]) => space.point(x, y + 3, z));
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

/** Ears, then the head's skin with its light and shade. @returns {{chinYPx: number}} */
export function drawHead(context, space, pose) {
  for (const sign of [-1, 1]) drawEar(context, space, sign);
  const points = headOutline(space, pose);
  const s = space.scale;
  context.save();
  closedCurve(context, points);
  const light = space.point(-30, -40, 60);
  const fill = context.createRadialGradient(...light, 10 * s, ...space.point(0, 20, 0), 165 * s);
  for (const [place, colour] of [[0, C.skinLight], [0.45, C.skin], [0.78, C.skinShade], [1, C.skinDeep]]) {
    fill.addColorStop(place, colour);
  }
  context.fillStyle = fill;
  context.fill();
  context.clip();
  softSpot(context, space.point(108, 30, 0), 44 * s, 130 * s, C.shadowSpot, 0.5);
  softSpot(context, space.point(-112, 50, 0), 34 * s, 120 * s, C.shadowSpot, 0.26);
  softSpot(context, space.skin(-22, -62), 58 * s, 36 * s, C.lightSpot, 0.55);
  const chin = space.skin(0, 106 + CHIN_DROP * pose.jawOpen, 4);
  softSpot(context, chin, 24 * s, 15 * s, C.lightSpot, 0.3);
  softSpot(context, space.point(0, 132 + CHIN_DROP * pose.jawOpen, 44), 56 * s, 15 * s, C.shadowSpot, 0.4);
  drawHairShadow(context, space);
  context.restore();
  return { chinYPx: points[OUTLINE.length - 1][1] };
}

function drawEar(context, space, sign) {
  const s = space.scale;
  const ring = [[92, -18], [103, -25], [111, -15], [109, 4], [103, 20], [95, 26], [90, 16]];
  closedCurve(context, ring.map(([x, y]) => space.point(sign * x, y, -8)));
  context.fillStyle = sign < 0 ? C.skin : C.skinShade;
  context.fill();
  context.strokeStyle = `rgba(${C.line}, 0.4)`;
  context.lineWidth = 1.5 * s;
  context.lineCap = "round";
  context.beginPath();
  curveThrough(context, [[97, -13], [103, -15], [104, -3], [99, 8], [98, 14]].map(([x, y]) => space.point(sign * x, y, -6)));
  context.stroke();
  softSpot(context, space.point(sign * 98, 2, -6), 5 * s, 14 * s, C.shadowSpot, 0.5);
}

/** The hair behind the head. */
export function drawHairBehind(context, space) {
  const half = [[0, -172], [54, -166], [96, -136], [115, -88], [117, -40], [108, 4], [96, 24], [70, 30]];
  const points = [...half, ...half.slice(1).reverse().map(([x, y]) => [-x, y])];
  closedCurve(context, points.map(([x, y]) => space.point(x, y, -34)));
  const [, top] = space.point(0, -172, -34);
  const [, bottom] = space.point(0, 30, -34);
  context.fillStyle = verticalGradient(context, top, bottom, [[0, C.hair], [0.6, C.hairDark], [1, C.hairDark]]);
  context.fill();
}

const FRINGE = [
  [-100, 2, 2], [-109, -38, -6], [-108, -92, -6], [-84, -140, -4], [-36, -168, 0], [24, -172, 0], [74, -152, -4],
  [106, -104, -6], [110, -42, -6], [101, 0, 2], [96, -30, 16], [90, -62, 34], [74, -88, 50], [46, -103, 62],
  [18, -94, 68], [-22, -76, 70], [-60, -66, 54], [-84, -52, 34], [-95, -26, 16],
];

/** The hair in front: swept from a parting above the speaker's left eye. */
export function drawHairInFront(context, space) {
  const s = space.scale;
  closedCurve(context, FRINGE.map(([x, y, z]) => space.point(x, y, z)));
  const [, top] = space.point(0, -172, 0);
  const [, bottom] = space.point(0, 0, 20);
  context.fillStyle = verticalGradient(context, top, bottom, [[0, C.hairLight], [0.3, C.hair], [1, C.hairDark]]);
  context.fill();
  context.save();
  context.clip();
  softSpot(context, space.point(-44, -132, 30), 66 * s, 26 * s, "176, 128, 138", 0.5, -0.3);
  drawStrands(context, space);
  context.restore();
}

function drawStrands(context, space) {
  context.lineCap = "round";
  for (let i = 0; i < 7; i += 1) {
    const t = i / 6;
    const strand = [
      [mix(46, 40, t), mix(-104, -166, t), mix(62, 0, t)],
      [mix(0, -14, t), mix(-96, -160, t), mix(70, 10, t)],
      [mix(-52, -74, t), mix(-76, -140, t), mix(58, 0, t)],
      [mix(-90, -112, t), mix(-40, -86, t), mix(26, -8, t)],
    ];
    context.strokeStyle = i % 2 ? "rgba(28, 18, 30, 0.34)" : "rgba(190, 146, 152, 0.2)";
    context.lineWidth = (i % 2 ? 1.8 : 2.6) * space.scale;
    context.beginPath();
    curveThrough(context, strand.map((point) => space.point(...point)));
    context.stroke();
  }
  context.strokeStyle = "rgba(28, 18, 30, 0.3)";
  context.lineWidth = 1.8 * space.scale;
  context.beginPath();
  for (const lift of [0, 14, 28]) {
    curveThrough(context, [[48, -106 - lift, 60 - lift], [84, -96 - lift, 30], [103, -50 - lift, 4]].map((p) => space.point(...p)));
  }
  context.stroke();
}
