/**
 * The space that the face is drawn in, and small helpers for smooth paths.
 *
 * Units: the head is about 200 wide; x to the right of the picture (the speaker's left), y down,
 * z out of the face. The origin lies between the eyes.
 */

const PIVOT = [0, 96, -24];
const CAMERA = 1000;

/** Turns points of the head into pixels. */
export class Space {
  /**
   * @param {number[]} head yaw, pitch, roll in radians
   * @param {number} scale CSS pixels per unit
   * @param {number[]} origin where the head's origin is, in CSS pixels
   */
  constructor(head, scale, origin) {
    const [yaw, pitch, roll] = head;
    this.scale = scale;
    this.origin = origin;
    this.yaw = yaw;
    this.pitch = pitch;
    this.sines = [Math.sin(yaw), Math.sin(pitch), Math.sin(roll)];
    this.cosines = [Math.cos(yaw), Math.cos(pitch), Math.cos(roll)];
  }

  /** Project a point. @returns {number[]} x and y in CSS pixels */
  point(x, y, z) {
    const [sy, sp, sr] = this.sines;
    const [cy, cp, cr] = this.cosines;
    const [dx, dy, dz] = [x - PIVOT[0], y - PIVOT[1], z - PIVOT[2]];
    const [x1, z1] = [dx * cy + dz * sy, dz * cy - dx * sy];
    const [y2, z2] = [dy * cp + z1 * sp, z1 * cp - dy * sp];
    const [x3, y3] = [x1 * cr + y2 * sr, y2 * cr - x1 * sr];
    const near = (CAMERA / (CAMERA - z2)) * this.scale;
    return [
      this.origin[0] + (x3 + PIVOT[0]) * near,
      this.origin[1] + (y3 + PIVOT[1]) * near,
    ];
  }

  /** Project a point of the skin. */
  skin(x, y, lift = 0) {
    return this.point(x, y, skinDepth(x, y) + lift);
  }
}

/** How far the skin of the face stands out at a point. */
export function skinDepth(x, y) {
  return 82 * Math.sqrt(Math.max(0.04, 1 - (x / 118) ** 2 - ((y - 10) / 200) ** 2));
}

export const clamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));
export const mix = (a, b, share) => a + (b - a) * share;

export function smoothstep(low, high, value) {
  const share = clamp((value - low) / (high - low));
  return share * share * (3 - 2 * share);
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
