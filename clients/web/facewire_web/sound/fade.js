/** The end of a sound that is cut off, so that it does not click. */

export const FADE_S = 0.008;

/**
 * @param {number} rate Hz
 * @param {(i: number) => number} sampleAt what would have been played i samples after the cut
 * @returns {number[]} what is played instead, the last sample first
 */
export function fadingOut(rate, sampleAt) {
  const length = Math.round(FADE_S * rate);
  return Array.from({ length }, (_, back) => {
    const i = length - 1 - back;
    return sampleAt(i) * (1 - (i + 1) / length);
  });
}
