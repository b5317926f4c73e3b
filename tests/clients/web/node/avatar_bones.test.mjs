// Heads and eyes turn about the model's axes, whatever axes their bones have; with the real three.js.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Bone, Euler, Group, Mesh, Object3D, Quaternion, Vector3 } from "../../../../clients/web/node_modules/three/build/three.module.js";
import { turnerOf } from "../../../../clients/web/facewire_web/avatar/head_and_gaze.js";
import { neutralPose } from "../../../../clients/web/facewire_web/client/pose.js";

const [AHEAD, UP, LEFT] = [new Vector3(0, 0, 1), new Vector3(0, 1, 0), new Vector3(1, 0, 0)];

/** A model that was turned when it was exported, with bones whose axes lie anyhow. */
function model(headName, eyeName, Eye = Bone) {
  const scene = new Group();
  scene.quaternion.setFromEuler(new Euler(0, 0.4, 0));
  const spine = new Bone();
  spine.quaternion.setFromEuler(new Euler(1.1, 0.3, -0.7));
  const head = Object.assign(new Bone(), { name: headName });
  head.quaternion.setFromEuler(new Euler(-0.2, 0.9, 0.4));
  const eye = Object.assign(new Eye(), { name: eyeName });
  eye.quaternion.setFromEuler(new Euler(0.5, -0.5, 0.1));
  scene.add(spine.add(head.add(eye)));
  return { scene, head, eye };
}

/** Where a direction of the model's rest points now, in the model's axes. */
function moved(scene, node, rest, direction) {
  scene.updateWorldMatrix(true, true);
  const whole = scene.getWorldQuaternion(new Quaternion()).invert();
  const now = node.getWorldQuaternion(new Quaternion()).premultiply(whole);
  return direction.clone().applyQuaternion(now.multiply(rest));
}

function restOf(scene, node) {
  scene.updateWorldMatrix(true, true);
  const whole = scene.getWorldQuaternion(new Quaternion()).invert();
  return node.getWorldQuaternion(new Quaternion()).premultiply(whole).invert();
}

for (const name of ["Head", "head", "mixamorig:Head", "mixamorigHead", "J_Bip_C_Head", "CC_Base_Head"]) {
  test(`${name} turns to the speaker's left, down, and lifts the left ear`, () => {
    const { scene, head } = model(name, "nothing");
    const rest = restOf(scene, head);
    const turn = turnerOf({ scene, vrm: null }, false);
    for (const [angles, from, towards] of [[[0.3, 0, 0], AHEAD, LEFT], [[0, 0.3, 0], AHEAD, UP.clone().negate()], [[0, 0, 0.3], LEFT, UP]]) {
      turn({ ...neutralPose(), head: angles });
      const angle = moved(scene, head, rest, from).dot(towards);
      assert.ok(Math.abs(angle - Math.sin(0.3)) < 1e-6, `${angles}: ${angle}`);
    }
    turn(neutralPose());
    assert.ok(moved(scene, head, rest, AHEAD).distanceTo(AHEAD) < 1e-6);
  });
}

for (const name of ["LeftEye", "mixamorigLeftEye", "eye_L", "Eye.L", "eyeLeft", "CC_Base_L_Eye", "J_Adj_L_FaceEye"]) {
  test(`${name} looks out to the left, and down`, () => {
    const { scene, eye } = model("Head", name);
    const rest = restOf(scene, eye);
    const turn = turnerOf({ scene, vrm: null }, false);
    turn({ ...neutralPose(), eyeLookOutLeft: 0.5 });
    assert.ok(moved(scene, eye, rest, AHEAD).x > 0.25);
    turn({ ...neutralPose(), eyeLookDownLeft: 1, eyeLookOutRight: 1 });
    const gaze = moved(scene, eye, rest, AHEAD);
    assert.ok(gaze.y < -0.35 && Math.abs(gaze.x) < 1e-6);
  });
}

test("bones of eyes rest where morph targets move the eyes, and eyeballs without any do not", () => {
  const look = { ...neutralPose(), eyeLookOutLeft: 1 };
  for (const [Eye, moves] of [[Bone, false], [Mesh, true]]) {
    const { scene, eye } = model("Head", "LeftEye", Eye);
    const before = eye.quaternion.clone();
    turnerOf({ scene, vrm: null }, true)(look);
    assert.equal(eye.quaternion.angleTo(before) > 0.1, moves);
  }
});

test("a model without a bone for its head turns as a whole", () => {
  const scene = new Group().add(new Object3D());
  turnerOf({ scene, vrm: null }, false)({ ...neutralPose(), head: [0.3, 0, 0] });
  assert.ok(Math.abs(AHEAD.clone().applyQuaternion(scene.quaternion).x - Math.sin(0.3)) < 1e-6);
});
