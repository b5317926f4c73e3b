/** Draws the eyes: whites, irises that look around, lids that blink, squint and widen. */

import { between, clamp, curveThrough, mix, softSpot, verticalGradient } from "./space.js";
import { PALETTE as C } from "./palette.js";

const EYE_X = 42;
const EYE_Y = -3;
const HALF_WIDTH = 23;
/** How deep the eyes lie behind the skin around them. */
const SET_BACK = 20;
const ACROSS = Array.from({ length: 17 }, (_, i) => i / 8 - 1);
const MIDDLE = 8;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./space.js").Space} space
 * @param {import("../client/pose.js").Pose} pose
 * @returns {{eyeOpenLeftPx: number, eyeOpenRightPx: number}} how far the lids are apart
 */
export function drawEyes(context, space, pose) {
  return {
    eyeOpenRightPx: drawEye(context, space, eyeOf(pose, "Right", -1)),
    eyeOpenLeftPx: drawEye(context, space, eyeOf(pose, "Left", 1)),
  };
}

/** Lids and gaze of one eye; `side` is -1 for the speaker's right, at the picture's left. */
function eyeOf(pose, side, sign) {
  const of = (name) => pose[`${name}${side}`];
  const down = of("eyeLookDown") - of("eyeLookUp");
  const open = clamp(1 - of("eyeBlink")) * (1 - 0.34 * of("eyeSquint"));
  const squint = of("eyeSquint") + 0.9 * of("cheekSquint");
  return {
    sign, squint,
    blink: of("eyeBlink"),
    // Heights of the lid edges in the middle; a closed eye meets near the lower lid.
    upper: mix(8, -12 - 5.6 * of("eyeWide") + 4.6 * Math.max(0, down) + 1.6 * Math.min(0, down), open),
    lower: 10.4 - 2.6 * of("eyeBlink") - 4.6 * Math.min(squint, 1.3) + 1.4 * of("eyeWide") + 1.2 * down,
    gaze: [sign * 8.2 * (of("eyeLookOut") - of("eyeLookIn")), 6.4 * down],
  };
}

function drawEye(context, space, eye) {
  const at = (dx, dy, lift = 0) => space.skin(eye.sign * (EYE_X + dx), EYE_Y + dy, lift - SET_BACK);
  // Lids lie on the eyeball, which stands out in the middle. Positive u is the temple's side.
  const lid = (height, peak) => ACROSS.map((u) => {
    const arch = (1 - Math.abs(u - peak * (1 - u * u)) ** 2.2) ** 0.8;
    return at(u * HALF_WIDTH, mix(1.6 - 2.6 * u, height, Number.isNaN(arch) ? 0 : arch), 5 * (1 - u * u));
  });
  const upper = lid(Math.min(eye.upper, eye.lower), 0.06);
  const lower = lid(eye.lower, 0.16);
  const s = space.scale;
  drawSocket(context, at, s, eye);
  context.save();
  between(context, upper, lower);
  context.clip();
  drawBall(context, at, s, eye);
  context.restore();
  drawLids(context, at, s, eye, upper, lower);
  return Math.hypot(lower[MIDDLE][0] - upper[MIDDLE][0], lower[MIDDLE][1] - upper[MIDDLE][1]);
}

function drawSocket(context, at, s, eye) {
  softSpot(context, at(0, -9), 30 * s, 20 * s, C.shadowSpot, 0.22);
  softSpot(context, at(-18, -6), 11 * s, 14 * s, C.shadowSpot, 0.22);
  softSpot(context, at(0, 19 - 2 * eye.squint), 24 * s, 7 * s, C.shadowSpot, 0.12 + 0.16 * clamp(eye.squint));
  softSpot(context, at(2, 26 - 3 * eye.squint), 22 * s, 8 * s, C.lightSpot, 0.3);
}

function drawBall(context, at, s, eye) {
  const [, top] = at(0, -18);
  const [, bottom] = at(0, 12);
  const [left] = at(-26, 0);
  const [right] = at(26, 0);
  context.fillStyle = verticalGradient(context, top, bottom, [
    [0, C.scleraShade], [0.42, C.sclera], [0.8, C.sclera], [1, C.scleraShade],
  ]);
  context.fillRect(Math.min(left, right), top - 20 * s, Math.abs(right - left), bottom - top + 40 * s);
  drawIris(context, at(eye.gaze[0] * eye.sign, eye.gaze[1] - 1.4, 6), 13 * s);
  const [x, lidY] = at(0, Math.min(eye.upper, eye.lower));
  softSpot(context, [x, lidY], 25 * s, 7.5 * s, "44, 26, 34", 0.6);
  softSpot(context, at(-HALF_WIDTH + 1, 2.6), 4 * s, 3.4 * s, "214, 120, 112", 0.75);
}

function drawIris(context, [x, y], radius) {
  const fill = context.createRadialGradient(x, y + radius * 0.35, radius * 0.1, x, y, radius);
  for (const [place, colour] of [[0, C.irisLight], [0.45, C.iris], [0.85, C.irisDark], [1, "#16363a"]]) {
    fill.addColorStop(place, colour);
  }
  disc(context, x, y, radius, fill);
  context.strokeStyle = "rgba(190, 236, 220, 0.2)";
  context.lineWidth = radius * 0.05;
  context.beginPath();
  for (let i = 0; i < 20; i += 1) {
    const [cos, sin] = [Math.cos(i * Math.PI / 10), Math.sin(i * Math.PI / 10)];
    context.moveTo(x + cos * radius * 0.5, y + sin * radius * 0.5);
    context.lineTo(x + cos * radius * 0.82, y + sin * radius * 0.82);
  }
  context.stroke();
  disc(context, x, y, radius * 0.46, "#0d1518");
  disc(context, x - radius * 0.34, y - radius * 0.38, radius * 0.25, "rgba(255, 255, 255, 0.95)");
  disc(context, x + radius * 0.36, y + radius * 0.4, radius * 0.12, "rgba(255, 255, 255, 0.6)");
}

function disc(context, x, y, radius, fill) {
  context.fillStyle = fill;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function drawLids(context, at, s, eye, upper, lower) {
  drawCrease(context, at, s, eye, upper);
  // The upper lashes: a line that swells towards the temple and ends in a small wing.
  const [tipX, tipY] = at(HALF_WIDTH + 4.4, mix(-3.4, 2.2, eye.blink));
  const outer = upper.map(([x, y], i) => {
    const u = ACROSS[i];
    return [x, y - s * (0.5 + 2.7 * (1 - Math.abs(u) ** 3) * mix(0.75, 1.15, (u + 1) / 2))];
  });
  context.fillStyle = C.lash;
  context.beginPath();
  curveThrough(context, outer);
  context.lineTo(tipX, tipY);
  curveThrough(context, [...upper].reverse(), { move: false });
  context.closePath();
  context.fill();
  context.strokeStyle = `rgba(${C.deepSpot}, 0.42)`;
  context.lineWidth = 1.1 * s;
  context.lineCap = "round";
  context.beginPath();
  curveThrough(context, lower.slice(2));
  context.stroke();
  if (eye.squint > 0.05) drawBag(context, at, s, eye);
}

function drawCrease(context, at, s, eye, upper) {
  const height = mix(-19, -14, eye.blink) - 2.5 * Math.max(0, -eye.upper - 12);
  const crease = ACROSS.slice(1).map((u) => at(
    u * (HALF_WIDTH + 2), mix(-3.5 - 3 * u, height, (1 - Math.abs(u * 0.97) ** 2.2) ** 0.8), 3,
  ));
  between(context, crease, upper.slice(1));
  context.fillStyle = `rgba(${C.shadowSpot}, ${mix(0.16, 0.1, eye.blink)})`;
  context.fill();
  if (eye.blink > 0.2) {
    softSpot(context, at(2, mix(-8, -4, eye.blink), 3), 13 * s, 5 * s, C.lightSpot, 0.4 * eye.blink);
  }
  context.strokeStyle = `rgba(${C.line}, 0.55)`;
  context.lineWidth = 1.3 * s;
  context.lineCap = "round";
  context.beginPath();
  curveThrough(context, crease);
  context.stroke();
}

function drawBag(context, at, s, eye) {
  context.strokeStyle = `rgba(${C.line}, ${0.4 * clamp(eye.squint)})`;
  context.lineWidth = 1.2 * s;
  context.beginPath();
  curveThrough(context, [-0.62, -0.2, 0.25, 0.7].map((u) => at(
    u * HALF_WIDTH, 18 - 3.2 * eye.squint - 5 * u * u,
  )));
  context.stroke();
}
