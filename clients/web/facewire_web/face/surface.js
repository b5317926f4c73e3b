/** The surfaces of the head and its hair: how wide and how deep they are at each height. */

import { clamp, mix, smoothstep } from "./numbers.js";
import { rowAt, smoothRows } from "./outline.js";

/** Height, half width, depth of the rim, how much of the jaw's drop it follows, of a puffed cheek. */
const HEAD = [
  [-132, 0, 0, 0, 0], [-122, 52, 0, 0, 0], [-84, 86, 2, 0, 0], [-36, 96, 4, 0, 0], [8, 95, 8, 0, 0],
  [42, 91, 14, 0.04, 6], [77, 80, 24, 0.35, 11], [105, 57, 36, 0.8, 4], [121.5, 29, 44, 1, 0], [126, 0, 46, 1, 0],
];

/** Rows of the hair down to where it is widest: a dome. */
const CROWN = Array.from({ length: 10 }, (_, i) => {
  const t = Math.cos((Math.PI * i) / 18);
  const share = (1 - t ** 2.4) ** 0.42;
  return [-52 - 120 * t, 117 * share, 112 * share, 92 * share];
});

/** Height, half width, how far in front of its middle the hair reaches, how far behind. */
export const HAIR_RINGS = [...CROWN, [-28, 116, 111, 91], [4, 108, 104, 84], [18, 101, 0, 78], [27, 86, 0, 66], [31, 66, 0, 50]];
const HAIR_MIDDLE = -34;

export const HEAD_RINGS = smoothRows(HEAD);

/** How far the skin of the face stands out in its middle, at a height. */
function frontDepth(y, rim) {
  const round = 82 * Math.sqrt(Math.max(0.04, 1 - ((y - 10) / 200) ** 2));
  return mix(rim, round, smoothstep(-134, -100, y) * (1 - smoothstep(104, 127, y)));
}

/** The depth of a ring of the head at `u`, -1 to 1 across. */
export function ringDepth(u, y, rim) {
  return mix(rim, frontDepth(y, rim), Math.sqrt(Math.max(0, 1 - Math.abs(u) ** 2.2)));
}

/** How far the skin of the face stands out at a point. */
export function skinDepth(x, y) {
  const [, half, rim] = rowAt(HEAD, y);
  return ringDepth(clamp(x / Math.max(half, 40), -1, 1), Math.min(y, 112), rim);
}

/** The depths of the hair at `u`, -1 to 1 across, of a ring: in front and behind. */
export function hairDepths(u, [, , front, behind]) {
  const round = Math.sqrt(Math.max(0, 1 - u * u));
  return [HAIR_MIDDLE + front * round, HAIR_MIDDLE - behind * round];
}

/**
 * Project a point of the front of the hair; what would be behind the head goes beyond its rim.
 * @param {import("./space.js").Space} space
 */
export function hairPoint(space, x, y) {
  const row = rowAt(HAIR_RINGS, y);
  const [, half, front] = row;
  const [sin, cos] = [Math.sin(space.yaw), Math.cos(space.yaw)];
  // Where a ring turns away from the viewer, on the side that the head turns to.
  const rim = (half * half * cos) / Math.max(1, Math.hypot(half * cos, front * sin));
  const seen = sin >= 0 ? Math.min(x, rim) : Math.max(x, -rim);
  const [depth] = hairDepths(clamp(seen / Math.max(half, 1), -1, 1), row);
  const [px, py] = space.point(seen, y, depth);
  return [px + (x - seen) * space.scale, py];
}
