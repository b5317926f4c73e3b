/**
 * The mouth and the lids by visemes, for avatars without ARKit's shapes: Oculus' fifteen, of which VRM's five vowels
 * (A I U E O) are some. The 52 weights do not say which sound is spoken, so a viseme is as strong as the lips have its shape.
 */

const average = (a, b) => (a + b) / 2;
const clamp = (value) => Math.min(1, Math.max(0, value));
/** Jaw of speech at its widest: an “ah” has about this much. */
const WIDE_JAW = 0.6;
/** Spread of the lips in a clear “ee”. */
const WIDE_SPREAD = 0.5;

/** How many times as much lips that speak smile as they stretch, at most. */
const TOGETHER = 10;

/** How far speech spreads one side of the lips: a smile alone is joy, and a stretch alone is fear. */
const spreadOf = (smile, stretch) => Math.min(smile, TOGETHER * stretch) + Math.min(stretch, smile);

/** @param {import("../client/pose.js").Pose} pose @returns {Record<string, number>} 0 to 1 by Oculus' names, and `blink`s */
export function visemeWeights(pose) {
  const { eyeBlinkLeft: blinkLeft, eyeBlinkRight: blinkRight } = pose;
  const open = clamp((pose.jawOpen - pose.mouthClose) / WIDE_JAW);
  const round = Math.max(pose.mouthPucker, pose.mouthFunnel);
  const left = spreadOf(pose.mouthSmileLeft, pose.mouthStretchLeft);
  const right = spreadOf(pose.mouthSmileRight, pose.mouthStretchRight);
  const spread = clamp(average(left, right) / WIDE_SPREAD) * (1 - round);
  const pressed = average(pose.mouthPressLeft, pose.mouthPressRight);
  const closed = Math.max(pressed, Math.min(pose.mouthRollLower, pose.mouthRollUpper)) * (1 - open);
  const bitten = clamp(pose.mouthRollLower - pose.mouthRollUpper) * (1 - round) * (1 - pose.tongueOut);
  return {
    aa: open * (1 - round) * (1 - 0.7 * spread),
    E: open * spread,
    ih: spread * (1 - open) * (1 - closed),
    oh: open * round,
    ou: round * (1 - open),
    PP: closed,
    FF: bitten,
    TH: pose.tongueOut,
    blinkLeft,
    blinkRight,
    blink: Math.min(blinkLeft, blinkRight),
  };
}
