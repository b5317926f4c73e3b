// Which names of an avatar mean which of our weights, and what visemes weigh.

import assert from "node:assert/strict";
import { test } from "node:test";

import { matchNames, weightsOf } from "../../../../clients/web/facewire_web/avatar/morph_names.js";
import { visemeWeights } from "../../../../clients/web/facewire_web/avatar/viseme_weights.js";
import { SHAPES, neutralPose } from "../../../../clients/web/facewire_web/client/pose.js";

const pose = (weights) => ({ ...neutralPose(), ...weights });
const drives = (found) => Object.fromEntries(found.bindings.map(({ name, drives: ours }) => [name, ours]));

const SPELLINGS = {
  ARKit: (shape) => shape,
  "perfect sync": (shape) => shape[0].toUpperCase() + shape.slice(1),
  iFacialMocap: (shape) => shape.replace(/Left$/, "_L").replace(/Right$/, "_R"),
  Maya: (shape) => `blendShape1.${shape}`,
  "snake case": (shape) => shape.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
};

for (const [who, spell] of Object.entries(SPELLINGS)) {
  test(`all shapes are known as ${who} spells them`, () => {
    const names = SHAPES.map(spell);
    const found = matchNames(names);
    assert.equal(found.by, "shapes");
    assert.deepEqual(drives(found), Object.fromEntries(SHAPES.map((shape) => [spell(shape), shape])));
  });
}

const VISEMES = {
  Oculus: ["viseme_sil", "viseme_PP", "viseme_FF", "viseme_TH", "viseme_aa", "viseme_E", "viseme_I", "viseme_O", "viseme_U"],
  VRChat: ["vrc.v_pp", "vrc.v_ff", "vrc.v_th", "vrc.v_aa", "vrc.v_e", "vrc.v_ih", "vrc.v_oh", "vrc.v_ou"],
  "VRM 1": ["aa", "ih", "ou", "ee", "oh", "blink", "happy"],
  "VRM 0": ["A", "I", "U", "E", "O", "Blink", "Blink_L", "Blink_R", "Joy"],
  VRoid: ["Fcl_MTH_A", "Fcl_MTH_I", "Fcl_MTH_U", "Fcl_MTH_E", "Fcl_MTH_O", "Fcl_EYE_Close"],
};

for (const [who, names] of Object.entries(VISEMES)) {
  test(`an open mouth opens with the names of ${who}`, () => {
    const found = matchNames(names);
    assert.equal(found.by, "visemes");
    const weigh = weightsOf(pose({ jawOpen: 0.6 }), found.by);
    const moved = found.bindings.filter(({ drives: ours }) => weigh(ours) > 0.5).map(({ drives: ours }) => ours);
    assert.deepEqual(moved, ["aa"]);
    assert.ok(found.bindings.every(({ name }) => !/joy|happy|sil/i.test(name)));
  });
}

test("an avatar with a blink for each eye does not blink twice", () => {
  const { bindings } = matchNames(VISEMES["VRM 0"]);
  assert.deepEqual(bindings.filter(({ drives: ours }) => ours.startsWith("blink")).map(({ drives: ours }) => ours), ["blinkLeft", "blinkRight"]);
});

test("few shapes are shapes, and blinks alone are none that speak", () => {
  assert.equal(matchNames(["jawOpen", "cheekPuff"]).by, "shapes");
  assert.equal(matchNames(["Blink", "Bob"]), null);
  assert.equal(matchNames([]), null);
});

const STRONGEST = [
  ["aa", { jawOpen: 0.55 }],
  ["oh", { jawOpen: 0.5, mouthFunnel: 0.7 }],
  ["ou", { jawOpen: 0.1, mouthPucker: 0.8 }],
  ["ih", { jawOpen: 0.05, mouthSmileLeft: 0.3, mouthSmileRight: 0.3, mouthStretchLeft: 0.04, mouthStretchRight: 0.04 }],
  ["PP", { mouthPressLeft: 0.5, mouthPressRight: 0.5, mouthRollLower: 0.4, mouthRollUpper: 0.4 }],
  ["FF", { mouthRollLower: 0.6, jawOpen: 0.05 }],
  ["TH", { tongueOut: 0.5, jawOpen: 0.15 }],
];

for (const [viseme, weights] of STRONGEST) {
  test(`${viseme} is what a mouth of its shape shows`, () => {
    const { blink, blinkLeft, blinkRight, ...mouth } = visemeWeights(pose(weights));
    assert.deepEqual([blink, blinkLeft, blinkRight], [0, 0, 0]);
    const [strongest] = Object.entries(mouth).sort(([, a], [, b]) => b - a);
    assert.equal(strongest[0], viseme);
    assert.ok(Object.values(mouth).every((weight) => weight >= 0 && weight <= 1));
  });
}

test("joy and fear are no sounds", () => {
  const joy = { mouthSmileLeft: 0.6, mouthSmileRight: 0.6, cheekSquintLeft: 0.7, cheekSquintRight: 0.7 };
  const fear = { mouthStretchLeft: 0.4, mouthStretchRight: 0.4, eyeWideLeft: 0.7, eyeWideRight: 0.7 };
  const strongest = (weights) => Object.entries(visemeWeights(pose(weights))).sort(([, a], [, b]) => b - a)[0];
  for (const felt of [joy, fear]) {
    assert.equal(strongest(felt)[1], 0);
    assert.equal(strongest({ ...felt, jawOpen: 0.5 })[0], "aa");
    assert.equal(strongest({ ...felt, mouthPressLeft: 0.3, mouthPressRight: 0.3 })[0], "PP");
  }
});

test("at rest, and with a jaw that is open behind closed lips, the mouth is closed", () => {
  assert.ok(Object.values(visemeWeights(pose({}))).every((weight) => weight === 0));
  const { aa, E, oh, ou } = visemeWeights(pose({ jawOpen: 0.4, mouthClose: 0.4 }));
  assert.deepEqual([aa, E, oh, ou], [0, 0, 0, 0]);
});
