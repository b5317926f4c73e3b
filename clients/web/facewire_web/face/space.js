/**
 * The space that the face is drawn in, and small helpers for smooth paths.
 *
 * Units: the head is about 200 wide; x to the right of the picture (the speaker's left), y down,
 * z out of the face. The origin lies between the eyes.
 */

import { clamp } from "./numbers.js";
import { skinDepth } from "./surface.js";

export { clamp, mix, smoothstep } from "./numbers.js";

const PIVOT = [0, 96, -24];
const CAMERA = 1000;

/** How far the drawing turns, yaw, pitch and roll in radians; beyond that there is no picture of it. */
const REACH = [0.75, 0.55, 0.75];

/** Turns points of the head into pixels. */
export class Space {
  /**
   * @param {number[]} head yaw, pitch, roll in radians
   * @param {number} scale CSS pixels per unit
   * @param {number[]} origin where the head's origin is, in CSS pixels
   */
  constructor(head, scale, origin) {
    const [yaw, pitch, roll] = REACH.map((reach, i) => clamp(Number.isFinite(head[i]) ? head[i] : 0, -reach, reach));
    this.scale = scale;
    this.origin = origin;
    this.yaw = yaw;
    this.pitch = pitch;
    this.roll = roll;
    this.sines = [Math.sin(yaw), Math.sin(pitch)];
    this.cosines = [Math.cos(yaw), Math.cos(pitch)];
    this.pivot = [origin[0] + PIVOT[0] * scale, origin[1] + PIVOT[1] * scale];
  }

  /** Project a point. @returns {number[]} x and y in CSS pixels, before the picture is rolled */
  point(x, y, z) {
    const [sy, sp] = this.sines;
    const [cy, cp] = this.cosines;
    const [dx, dy, dz] = [x - PIVOT[0], y - PIVOT[1], z - PIVOT[2]];
    const [x1, z1] = [dx * cy + dz * sy, dz * cy - dx * sy];
    const [y2, z2] = [dy * cp + z1 * sp, z1 * cp - dy * sp];
    const near = (CAMERA / (CAMERA - z2)) * this.scale;
    return [
      this.origin[0] + (x1 + PIVOT[0]) * near,
      this.origin[1] + (y2 + PIVOT[1]) * near,
    ];
  }

  /** Project a point of the skin. */
  skin(x, y, lift = 0) {
    return this.point(x, y, skinDepth(x, y) + lift);
  }

  /** Draw with the picture rolled, light and shade with it, as the head is. */
  rolled(context, draw) {
    context.save();
    context.translate(...this.pivot);
    context.rotate(-this.roll);
    context.translate(-this.pivot[0], -this.pivot[1]);
    const drawn = draw();
    context.restore();
    return drawn;
  }

  /** Where a projected point is in the rolled picture. */
  inPicture([x, y]) {
    const [dx, dy] = [x - this.pivot[0], y - this.pivot[1]];
    const [sin, cos] = [Math.sin(this.roll), Math.cos(this.roll)];
    return [this.pivot[0] + dx * cos + dy * sin, this.pivot[1] + dy * cos - dx * sin];
  }
}

/** Continue the path of `context` along points, as a Catmull-Rom spline. */
export function curveThrough(context, points, { closed = false, move = true } = {}) {
  const count = points.length;
  const at = (i) => (closed ? points[(i + count) % count] : points[clamp(i, 0, count - 1)]);
  if (move) context.moveTo(...points[0]);
  else context.lineTo(...points[0]);
  for (let i = 0; i < count - (closed ? 0 : 1); i += 1) {
    const [before, from, to, after] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    context.bezierCurveTo(
      from[0] + (to[0] - before[0]) / 6, from[1] + (to[1] - before[1]) / 6,
      to[0] - (after[0] - from[0]) / 6, to[1] - (after[1] - from[1]) / 6,
      to[0], to[1],
    );
  }
  if (closed) context.closePath();
}

/** Begin a closed smooth path through points. */
export function closedCurve(context, points) {
  context.beginPath();
  curveThrough(context, points, { closed: true });
}

/** Begin a closed path along one edge and back along the other (both from left to right). */
export function between(context, edge, otherEdge) {
  context.beginPath();
  curveThrough(context, edge);
  curveThrough(context, [...otherEdge].reverse(), { move: false });
  context.closePath();
}

/**
 * Fill a soft spot: colour in the middle, nothing at the rim.
 * @param {string} colour "r, g, b"
 */
export function softSpot(context, [x, y], radiusX, radiusY, colour, alpha, angle = 0) {
  if (alpha <= 0.003 || radiusX <= 0.2 || radiusY <= 0.2) return;
  context.save();
  context.translate(x, y);
  context.rotate(angle);
  context.scale(radiusX, radiusY);
  const gradient = context.createRadialGradient(0, 0, 0, 0, 0, 1);
  gradient.addColorStop(0, `rgba(${colour}, ${alpha})`);
  gradient.addColorStop(0.5, `rgba(${colour}, ${alpha * 0.5})`);
  gradient.addColorStop(1, `rgba(${colour}, 0)`);
  context.fillStyle = gradient;
  context.beginPath();
  context.arc(0, 0, 1, 0, 2 * Math.PI);
  context.fill();
  context.restore();
}

/** A vertical gradient with stops `[[place, colour], …]`. */
export function verticalGradient(context, top, bottom, stops) {
  const gradient = context.createLinearGradient(0, top, 0, bottom);
  for (const [place, colour] of stops) gradient.addColorStop(place, colour);
  return gradient;
}
