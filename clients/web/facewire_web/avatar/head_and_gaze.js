/** How a pose turns a model's head and eyes: a VRM's humanoid and look-at, or bones by their names. */

import { Euler, Quaternion } from "three";

/** Where an eye looks at weight 1 of ARKit's `eyeLook` shapes, radians. */
const GAZE = { side: 0.6, down: 0.45 };
const DEGREES = 180 / Math.PI;

const HEAD = /^(.*[:_]|mixamorig\d*)?(j_bip_c_|cc_base_)?head$/i;
const EYES = {
  left: /^(.*[:_]|mixamorig\d*)?(j_adj_l_faceeye|cc_base_l_eye|(left[_ ]?eye|eye[_. ]?(left|l))(ball)?)$/i,
  right: /^(.*[:_]|mixamorig\d*)?(j_adj_r_faceeye|cc_base_r_eye|(right[_ ]?eye|eye[_. ]?(right|r))(ball)?)$/i,
};

/**
 * @param {import("./load_model.js").Model} model
 * @param {boolean} hasEyeShapes whether morph targets move the eyes; bones would move them twice
 * @returns {(pose: import("../client/pose.js").Pose) => void}
 */
export function turnerOf({ scene, vrm }, hasEyeShapes) {
  const turnHead = vrm ? vrmHeadTurner(vrm) : turner(nodeOf(scene, HEAD) ?? scene, scene);
  const turnEyes = vrm?.lookAt ? vrmGaze(vrm.lookAt, hasEyeShapes) : eyeTurner(scene, hasEyeShapes);
  return (pose) => {
    turnHead(...pose.head);
    turnEyes(gazeOf(pose, "Left"), gazeOf(pose, "Right"));
  };
}

function vrmHeadTurner(vrm) {
  const head = vrm.humanoid.getNormalizedBoneNode("head");
  // Version 0 has x to the right and z into the face.
  const sign = vrm.meta.metaVersion === "0" ? -1 : 1;
  return (yaw, pitch, roll) => head.quaternion.setFromEuler(new Euler(sign * pitch, yaw, sign * roll, "YXZ"));
}

/** A VRM says itself how its eyes turn, by bones or by expressions; both look the same way. */
function vrmGaze(lookAt, hasEyeShapes) {
  lookAt.autoUpdate = false;
  if (hasEyeShapes && lookAt.applier.constructor.type === "expression") return () => {};
  return (left, right) => {
    const [yaw, pitch] = [0, 1].map((i) => ((left[i] + right[i]) / 2) * DEGREES);
    lookAt.applier.applyYawPitch(yaw, pitch);
  };
}

function eyeTurner(scene, hasEyeShapes) {
  const turns = [EYES.left, EYES.right].map((pattern) => {
    const eye = nodeOf(scene, pattern);
    const moves = eye && (eye.isBone ? !hasEyeShapes : !eye.morphTargetInfluences?.length);
    return moves ? turner(eye, scene) : null;
  });
  return (...gazes) => turns.forEach((turn, i) => turn?.(...gazes[i], 0));
}

/** Where an eye looks: yaw to the speaker's left and pitch downwards, radians. @param {"Left" | "Right"} side */
function gazeOf(pose, side) {
  const [left, right] = side === "Left" ? ["Out", "In"] : ["In", "Out"];
  const yaw = pose[`eyeLook${left}${side}`] - pose[`eyeLook${right}${side}`];
  const pitch = pose[`eyeLookDown${side}`] - pose[`eyeLookUp${side}`];
  return [yaw * GAZE.side, pitch * GAZE.down];
}

/** Turn a node about the model's axes, from how it was at rest. */
function turner(node, scene) {
  scene.updateWorldMatrix(true, true);
  const rest = node.quaternion.clone();
  const inner = new Quaternion();
  if (node !== scene) scene.getWorldQuaternion(inner).invert().multiply(node.parent.getWorldQuaternion(new Quaternion()));
  const back = inner.clone().invert();
  const turn = new Quaternion();
  const angles = new Euler();
  return (yaw, pitch, roll) => {
    turn.setFromEuler(angles.set(pitch, yaw, roll, "YXZ"));
    node.quaternion.copy(back).multiply(turn).multiply(inner).multiply(rest);
  };
}

/** The node of a name, a bone first. */
function nodeOf(scene, pattern) {
  const found = [];
  scene.traverse((node) => pattern.test(node.name) && found.push(node));
  return found.find((node) => node.isBone) ?? found[0] ?? null;
}
