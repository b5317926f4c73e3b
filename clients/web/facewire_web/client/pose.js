/**
 * A pose: the 52 ARKit weights by name, and how the head is held.
 *
 * @typedef {Object<string, number> & {head: number[]}} Pose
 *   `pose.jawOpen` and so on, 0 to 1; `pose.head` is yaw, pitch, roll in radians: yaw above 0 turns
 *   to the speaker's left, pitch above 0 looks down, roll above 0 lifts the left ear.
 */

const PAIRS = [
  "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide",
  "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "mouthPress", "mouthLowerDown",
  "mouthUpperUp", "browDown", "browOuterUp", "cheekSquint", "noseSneer",
];
const SINGLES = [
  "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker",
  "mouthLeft", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
  "mouthShrugUpper", "browInnerUp", "cheekPuff", "tongueOut",
];

/** The names that the drawing understands; the wire's order is in the hello, not here. */
export const SHAPES = [...SINGLES, ...PAIRS.flatMap((name) => [`${name}Left`, `${name}Right`])];

const HEAD_ANGLES = ["headYaw", "headPitch", "headRoll"];

/** A face at rest. @returns {Pose} */
export function neutralPose() {
  const pose = { head: [0, 0, 0] };
  for (const name of SHAPES) pose[name] = 0;
  return pose;
}

/**
 * Map weights to a pose by the names of the hello. What is missing, or no number, is at rest.
 * @param {string[]} names
 * @param {ArrayLike<number>} weights in the order of the names
 * @param {ArrayLike<number>} [head] yaw, pitch, roll in radians
 * @returns {Pose}
 */
export function poseFrom(names, weights, head = [0, 0, 0]) {
  const given = Object.fromEntries(names.map((name, i) => [name, weights[i]]));
  return wholePose({ ...given, head: [head[0], head[1], head[2]] });
}

/**
 * A pose that can be drawn: every shape there and from 0 to 1, every angle a number.
 * @param {Partial<Pose>} pose
 * @returns {Pose}
 */
export function wholePose(pose) {
  const whole = { head: [0, 1, 2].map((i) => finite(pose.head?.[i])) };
  for (const name of SHAPES) whole[name] = clampWeight(finite(pose[name]));
  return whole;
}

const RESTLESS = /^(eye|brow|(jaw|mouth)(Left|Right)$)/;

/** A pose without what moves where nobody speaks: head, eyes, brows, and the mouth to a side. @returns {Pose} */
export function calmPose(pose) {
  const calm = { ...pose, head: [0, 0, 0] };
  for (const name of SHAPES) if (RESTLESS.test(name)) calm[name] = 0;
  return calm;
}

/** The pose that is `share` of the way from `a` to `b`. @returns {Pose} */
export function mixPoses(a, b, share) {
  const pose = { head: a.head.map((angle, i) => angle + (b.head[i] - angle) * share) };
  for (const name of SHAPES) pose[name] = a[name] + (b[name] - a[name]) * share;
  return pose;
}

/**
 * Read `jawOpen:0.8,mouthSmile:0.5,headYaw:0.2`; a name without Left or Right means both.
 * @param {string} text
 * @returns {Pose}
 * @throws {Error} a name or a value is not understood; the message says which.
 */
export function parsePose(text) {
  const pose = neutralPose();
  for (const item of text.split(",").map((part) => part.trim()).filter(Boolean)) {
    const [name, given = "1"] = item.split(":");
    const value = Number(given);
    if (!Number.isFinite(value)) throw new Error(`The pose has no number for ${name}: “${given}”.`);
    if (HEAD_ANGLES.includes(name)) pose.head[HEAD_ANGLES.indexOf(name)] = value;
    else if (PAIRS.includes(name)) pose[`${name}Left`] = pose[`${name}Right`] = clampWeight(value);
    else if (SHAPES.includes(name)) pose[name] = clampWeight(value);
    else throw new Error(`The pose names “${name}”, which is not an ARKit shape.`);
  }
  return pose;
}

function finite(value) {
  return Number.isFinite(value) ? value : 0;
}

function clampWeight(value) {
  return Math.min(1, Math.max(0, value));
}
