/** Draws what the face sits on: shoulders, neck, head and ears. */

import { outlineOf } from "./outline.js";
import { between, closedCurve, curveThrough, softSpot, verticalGradient } from "./space.js";
import { HEAD_RINGS, ringDepth } from "./surface.js";
import { drawHairShadow } from "./hair.js";
import { PALETTE as C } from "./palette.js";

const CHIN_DROP = 33;
const JAW_SHIFT = 17;

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
  const low = [[-35.5, 130], [-38, 166], [-47, 196], [0, 232], [47, 196], [38, 166], [35.5, 130]].map(([x, y]) => still(x, y));
  closedCurve(context, [inHead(space, -1, 0), inHead(space, -1, 70), ...low, inHead(space, 1, 70), inHead(space, 1, 0)]);
  context.fillStyle = verticalGradient(context, still(0, 110)[1], still(0, 215)[1], [
    [0, C.skinDeep], [0.35, C.skinShade], [1, C.skin],
  ]);
  context.fill();
  context.save();
  context.clip();
  const chin = space.inPicture(space.point(0, 140 + CHIN_DROP * pose.jawOpen, 30));
  softSpot(context, [chin[0] + 4 * space.scale, chin[1]], 66 * space.scale, 42 * space.scale, C.deepSpot, 0.62);
  softSpot(context, still(-16, 190), 20 * space.scale, 14 * space.scale, C.lightSpot, 0.3);
  context.restore();
}

/** A side of the neck within the head, wherever that is: the outer one of its front and its back. */
function inHead(space, sign, y) {
  const [back, front] = [-50, 16].map((z) => space.inPicture(space.point(sign * 40, y, z)));
  return sign * back[0] > sign * front[0] ? back : front;
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

/** The outline of the head, before the picture is rolled. */
export function headOutline(space, pose) {
  const jawX = JAW_SHIFT * (pose.jawLeft - pose.jawRight);
  return outlineOf(HEAD_RINGS, (u, [y, half, rim, follows, puffs]) => {
    const width = half + puffs * pose.cheekPuff - 3 * follows * pose.jawOpen * (half / 80);
    const drop = CHIN_DROP * pose.jawOpen * follows - 2 * follows * pose.mouthShrugLower;
    const depth = ringDepth(u, y, rim) + follows * 8 * pose.jawForward;
    return [space.point(u * width + jawX * follows, y + drop, depth)];
  });
}

/** The head's skin with its light and shade. @returns {{chinYPx: number}} */
export function drawHead(context, space, pose, outline) {
  const s = space.scale;
  const [jawX, drop] = [JAW_SHIFT * (pose.jawLeft - pose.jawRight), CHIN_DROP * pose.jawOpen];
  context.save();
  closedCurve(context, outline);
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
  const chin = space.skin(jawX, 106 + drop, 4);
  softSpot(context, chin, 24 * s, 15 * s, C.lightSpot, 0.3);
  softSpot(context, space.point(jawX, 132 + drop, 44), 56 * s, 15 * s, C.shadowSpot, 0.4);
  drawHairShadow(context, space);
  context.restore();
  return { chinYPx: space.inPicture(space.point(jawX, 126 + drop, 46))[1] };
}

/** Both ears; the head and the hair cover what of them is behind. */
export function drawEars(context, space) {
  for (const sign of [-1, 1]) drawEar(context, space, sign);
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
