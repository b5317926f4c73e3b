/** Draws the brows, the nose and the cheeks. */

import { clamp, closedCurve, curveThrough, mix, smoothstep, softSpot } from "./space.js";
import { SEAM_Y, mouthShape } from "./mouth/mouth_shape.js";
import { PALETTE as C } from "./palette.js";

/** Both brows, and the lines that frowning makes between them. */
export function drawBrows(context, space, pose) {
  for (const [side, sign] of [["Right", -1], ["Left", 1]]) drawBrow(context, space, pose, side, sign);
  const frown = clamp((pose.browDownLeft + pose.browDownRight) / 2 - 0.25);
  if (frown > 0) {
    context.strokeStyle = `rgba(${C.line}, ${0.6 * frown})`;
    context.lineWidth = 1.5 * space.scale;
    context.lineCap = "round";
    context.beginPath();
    for (const sign of [-1, 1]) {
      curveThrough(context, [[6.5, -46], [5, -38], [6, -31]].map(([x, y]) => space.skin(sign * x, y)));
    }
    context.stroke();
  }
  drawForehead(context, space, pose);
}

function drawBrow(context, space, pose, side, sign) {
  const down = pose[`browDown${side}`];
  const outer = pose[`browOuterUp${side}`];
  const inner = pose.browInnerUp;
  const spine = [0, 0.07, 0.22, 0.42, 0.65, 0.85, 1].map((t) => {
    const rise = inner * 14 * (1 - smoothstep(0.05, 0.75, t)) + outer * 13 * smoothstep(0, 0.75, t);
    const fall = down * mix(13, 4, smoothstep(0, 0.9, t));
    const x = mix(18, 68, t) - down * 4 * (1 - t) - inner * 1.5 * (1 - t);
    const arch = -9 * Math.sin(Math.PI * (0.1 + 0.78 * t)) + 5 * t;
    return { x: sign * x, y: -33 + arch - rise + fall, half: mix(4.2, 0.9, t ** 1.6) * (t === 0 ? 0.45 : 1) };
  });
  const edge = (way) => spine.map(({ x, y, half }) => space.skin(x, y + way * half, -8));
  closedCurve(context, [...edge(-1), ...edge(1).reverse()]);
  context.fillStyle = C.brow;
  context.fill();
  const light = spine.slice(2, 6).map(({ x, y, half }) => space.skin(x, y - half * 0.35, -8));
  context.strokeStyle = "rgba(146, 104, 104, 0.35)";
  context.lineWidth = 1.5 * space.scale;
  context.lineCap = "round";
  context.beginPath();
  curveThrough(context, light);
  context.stroke();
}

function drawForehead(context, space, pose) {
  const raised = clamp(pose.browInnerUp * 0.8 + (pose.browOuterUpLeft + pose.browOuterUpRight) * 0.3 - 0.25);
  if (raised <= 0) return;
  context.strokeStyle = `rgba(${C.line}, ${0.22 * raised})`;
  context.lineWidth = 1.4 * space.scale;
  context.lineCap = "round";
  context.beginPath();
  for (const [y, half] of [[-62, 30], [-70, 24]]) {
    curveThrough(context, [-1, -0.5, 0, 0.5, 1].map((u) => space.skin(u * half, y - 3 * (1 - u * u))));
  }
  context.stroke();
}

/** The nose: mostly light and shade, with wings that sneer. */
export function drawNose(context, space, pose) {
  const s = space.scale;
  const turn = clamp(space.yaw * 3, -1, 1);
  softSpot(context, space.skin(9 - 6 * turn, 10, 10), 8 * s, 28 * s, C.shadowSpot, 0.2, -0.1);
  softSpot(context, space.skin(-2, 8, 14), 5 * s, 30 * s, C.lightSpot, 0.55);
  softSpot(context, space.skin(2, 46, 8), 23 * s, 8 * s, C.shadowSpot, 0.36);
  for (const [side, sign] of [["Right", -1], ["Left", 1]]) {
    drawWing(context, space, sign, pose[`noseSneer${side}`]);
  }
  softSpot(context, space.skin(1, 36, 24), 14 * s, 11 * s, C.blushSpot, 0.3);
  softSpot(context, space.skin(-3, 32, 27), 6 * s, 5.4 * s, C.lightSpot, 0.85);
}

function drawWing(context, space, sign, sneer) {
  const s = space.scale;
  const at = (x, y, lift) => space.skin(sign * x, y - 4.5 * sneer, lift);
  softSpot(context, at(12.5, 39.5, 12), 7 * s, 6.4 * s, C.lightSpot, 0.22);
  softSpot(context, at(18.5, 40.5, 8), 5 * s, 8 * s, C.shadowSpot, 0.3 + 0.2 * sneer);
  context.strokeStyle = `rgba(${C.line}, ${0.34 + 0.3 * sneer})`;
  context.lineWidth = 1.4 * s;
  context.lineCap = "round";
  context.beginPath();
  curveThrough(context, [[15.6, 34.5, 10], [17.2, 39.5, 9], [15.4, 44, 11]].map((p) => at(...p)));
  context.stroke();
  const [x, y] = at(7.8, 44, 17);
  context.fillStyle = "rgba(104, 42, 34, 0.62)";
  context.beginPath();
  context.ellipse(x, y, (3.6 + 0.8 * sneer) * s, 1.5 * s, -sign * 0.24, 0, 2 * Math.PI);
  context.fill();
  if (sneer > 0.08) drawNoseFolds(context, space, sign, sneer);
}

function drawNoseFolds(context, space, sign, sneer) {
  context.strokeStyle = `rgba(${C.line}, ${0.45 * clamp(sneer)})`;
  context.lineWidth = 1.2 * space.scale;
  context.beginPath();
  for (const y of [4, 11]) {
    const fold = [[5, y + 4, 14], [9, y, 10], [13, y - 1, 5]];
    curveThrough(context, fold.map(([x, height, lift]) => space.skin(sign * x, height, lift)));
  }
  context.stroke();
}

/** Blush, the folds beside the mouth, and cheeks that rise or puff. */
export function drawCheeks(context, space, pose) {
  const s = space.scale;
  const { corners } = mouthShape(pose);
  for (const [side, sign] of [["Right", -1], ["Left", 1]]) {
    const smile = pose[`mouthSmile${side}`];
    const squint = pose[`cheekSquint${side}`];
    const raised = 7 * smile + 6 * squint;
    const puff = pose.cheekPuff;
    const at = (x, y, lift = 0) => space.skin(sign * x, y, lift);
    // The cheek that the head turns away is narrower, and its light is behind the edge.
    const seen = clamp(1 - 1.5 * Math.max(0, sign * Math.sin(space.yaw)));
    const spot = (place, across, down, colour, alpha) => softSpot(context, place, across * mix(0.5, 1, seen) * s, down * s, colour, alpha * seen);
    spot(at(60, 38 - raised), 30, 22, C.blushSpot, 0.34 + 0.12 * smile);
    spot(at(56, 29 - raised), 20, 12, C.lightSpot, 0.4 + 0.2 * smile);
    if (puff > 0.02) {
      spot(at(60, 74), 30, 30, C.lightSpot, 0.34 * puff);
      spot(at(62, 70), 40, 36, C.blushSpot, 0.22 * puff);
      spot(at(54, 102), 26, 11, C.shadowSpot, 0.3 * puff);
      spot(at(40, 80), 9, 18, C.shadowSpot, 0.26 * puff);
    }
    drawFold(context, space, sign, corners[side === "Left" ? "left" : "right"], smile + 0.5 * pose[`noseSneer${side}`], pose);
  }
}

function drawFold(context, space, sign, corner, strength, pose) {
  const alpha = 0.46 * clamp(strength) * smoothstep(0.08, 0.5, strength + 0.25 * (pose.mouthStretchLeft + pose.mouthStretchRight) / 2);
  const [endX, endY] = [Math.max(38, corner.x + 13), SEAM_Y + corner.y + 7];
  const points = [[0, 0.02], [0.42, 0.26], [0.8, 0.6], [1, 1]].map(([across, down]) => [
    mix(21, endX, across), mix(41, endY, down),
  ]);
  if (alpha < 0.01) return;
  const line = points.map(([x, y]) => space.skin(sign * x, y));
  const fading = context.createLinearGradient(...line[0], ...line.at(-1));
  for (const [place, share] of [[0, 0.3], [0.45, 1], [1, 0]]) {
    fading.addColorStop(place, `rgba(${C.line}, ${alpha * share})`);
  }
  context.strokeStyle = fading;
  context.lineWidth = mix(1.4, 2.2, clamp(strength)) * space.scale;
  context.lineCap = "round";
  context.beginPath();
  curveThrough(context, line);
  context.stroke();
}
