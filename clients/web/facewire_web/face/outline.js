/**
 * The outline that a rounded body shows from where it is looked at: its rings, projected, and the
 * line around them. So nothing that lies on the body can leave it, however it is turned.
 */

import { mix } from "./numbers.js";

/** Places across a ring, from -1 to 1, denser at the ends, where it turns away. */
const ACROSS = Array.from({ length: 11 }, (_, i) => Math.sin(Math.PI * (i / 10 - 0.5)));
const STEPS = 2;
const POINTS = 76;

/** Values of a table of rows at a height; each row begins with its height, rows go down. */
export function rowAt(rows, y) {
  const below = rows.findIndex((row) => row[0] >= y);
  if (below <= 0) return below === 0 ? rows[0] : rows.at(-1);
  const [from, to] = [rows[below - 1], rows[below]];
  const share = (y - from[0]) / (to[0] - from[0]);
  return from.map((value, i) => mix(value, to[i], share));
}

/** Rows between the rows, on smooth curves through them. */
export function smoothRows(rows) {
  const smooth = [rows[0]];
  for (let i = 1; i < rows.length; i += 1) {
    const [before, from, to, after] = [rows[Math.max(0, i - 2)], rows[i - 1], rows[i], rows[Math.min(rows.length - 1, i + 1)]];
    for (let step = 1; step <= STEPS; step += 1) {
      const t = step / STEPS;
      smooth.push(from.map((value, k) => catmullRom(before[k], value, to[k], after[k], t)));
    }
  }
  return smooth;
}

function catmullRom(a, b, c, d, t) {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/**
 * The line around rings, evenly spaced, from the top on.
 * @param {(u: number, row: number[]) => number[][]} project the points in the picture at place `u`, -1 to 1, of a ring
 * @param {number[][]} rows
 * @returns {number[][]}
 */
export function outlineOf(rows, project) {
  return evenly(hull(rows.flatMap((row) => ACROSS.flatMap((u) => project(u, row)))));
}

/** The convex hull of points, by Andrew's monotone chain. */
function hull(points) {
  const sorted = points.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  const right = chain(sorted);
  const left = chain(sorted.reverse());
  return [...right.slice(0, -1), ...left.slice(0, -1)];
}

function chain(points) {
  const kept = [];
  for (const point of points) {
    while (kept.length > 1 && turn(kept.at(-2), kept.at(-1), point) <= 0) kept.pop();
    kept.push(point);
  }
  return kept;
}

const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

/** Points at even distances along a closed line. */
function evenly(line) {
  const closed = [...line, line[0]];
  const lengths = line.map((point, i) => Math.hypot(closed[i + 1][0] - point[0], closed[i + 1][1] - point[1]));
  const step = lengths.reduce((sum, length) => sum + length, 0) / POINTS;
  const even = [];
  let [i, passed] = [0, 0];
  for (let k = 0; k < POINTS; k += 1) {
    while (i < line.length - 1 && passed + lengths[i] < k * step) {
      passed += lengths[i];
      i += 1;
    }
    const share = lengths[i] ? (k * step - passed) / lengths[i] : 0;
    even.push([mix(closed[i][0], closed[i + 1][0], share), mix(closed[i][1], closed[i + 1][1], share)]);
  }
  return even;
}
