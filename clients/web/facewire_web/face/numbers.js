/** Small arithmetic of the drawing. */

export const clamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));
export const mix = (a, b, share) => a + (b - a) * share;

export function smoothstep(low, high, value) {
  const share = clamp((value - low) / (high - low));
  return share * share * (3 - 2 * share);
}
