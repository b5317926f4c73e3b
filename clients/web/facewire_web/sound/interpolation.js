/** Sound between its samples, for playing at a speed or a rate that is not its own. */

const SIDE = 8;
const PHASES = 256;

/** A windowed sinc for each phase, and one more so that neighbours can be mixed. */
const KERNELS = Array.from({ length: PHASES + 1 }, (_, phase) => kernel(phase / PHASES));

/**
 * The sound at a place between samples.
 * @param {import("./ring.js").SoundRing} ring
 * @param {number} position in samples
 */
export function soundAt(ring, position) {
  const index = Math.floor(position);
  const share = position - index;
  if (share === 0) return ring.at(index);
  const phase = Math.floor(share * PHASES);
  const mix = share * PHASES - phase;
  const [before, after] = [KERNELS[phase], KERNELS[phase + 1]];
  let sum = 0;
  for (let i = 0; i < 2 * SIDE; i += 1) {
    sum += ring.at(index + 1 - SIDE + i) * (before[i] + mix * (after[i] - before[i]));
  }
  return sum;
}

function kernel(share) {
  const weights = Float64Array.from({ length: 2 * SIDE }, (_, i) => {
    const x = i + 1 - SIDE - share;
    return sinc(x) * Math.cos((Math.PI * x) / (2 * SIDE)) ** 2;
  });
  const sum = weights.reduce((total, weight) => total + weight);
  return weights.map((weight) => weight / sum);
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
