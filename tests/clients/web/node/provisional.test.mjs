// Faces that come at once and are corrected: what is shown of them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FramePlayout } from "../../../../clients/web/facewire_web/client/frame_playout.js";
import { poseFrom } from "../../../../clients/web/facewire_web/client/pose.js";
import { ProvisionalBlend } from "../../../../clients/web/facewire_web/client/provisional_blend.js";
import { decodeBinary } from "../../../../clients/web/facewire_web/client/wire.js";

const STEP = 267;

function frame(index, jaw, provisional) {
  const weights = Float32Array.of(jaw, 0.5);
  const pose = poseFrom(["jawOpen", "tongueOut"], weights);
  return { index, timestamp: STEP * index, weights, pose, provisional, receivedMs: (1000 * STEP * index) / 16000 };
}

const near = (value, wanted) => assert.ok(Math.abs(value - wanted) < 1e-6, `${value} is not ${wanted}`);

test("a share of the last error is expected again", () => {
  const blend = new ProvisionalBlend(0.5);
  near(blend.take(frame(0, 0.2, true)).pose.jawOpen, 0.2);
  blend.take(frame(1, 0.3, true));
  assert.equal(blend.take(frame(0, 0.6, false)), null);
  const shown = blend.take(frame(2, 0.3, true));
  near(shown.pose.jawOpen, 0.5);
  near(shown.weights[0], 0.5);
  near(shown.pose.tongueOut, 0.5);
  near(blend.take(frame(3, 0.9, true)).pose.jawOpen, 1);
});

test("corrections of frames that nobody knows do no harm, and memory does not grow", () => {
  const blend = new ProvisionalBlend();
  assert.equal(blend.take(frame(9, 1, false)), null);
  for (let i = 0; i < 1000; i += 1) blend.take(frame(i, 0, true));
  assert.ok(blend._waiting.length < 300);
  blend.take(frame(0, 1, false));
  near(blend.take(frame(1000, 0, true)).pose.jawOpen, 0);
});

test("with sound, the corrected face is shown, and one that comes too late is not", () => {
  const playout = new FramePlayout();
  for (let i = 0; i < 4; i += 1) playout.push(frame(i, 0.1, true));
  playout.push(frame(1, 0.8, false));
  near(playout.at(0, STEP).pose.jawOpen, 0.8);
  near(playout.at(0, 2 * STEP).pose.jawOpen, 0.1);
  playout.push(frame(0, 0.8, false));
  playout.push(frame(3, 0.6, false));
  near(playout.at(0, 3 * STEP).pose.jawOpen, 0.6);
});

test("a stream in which nothing is provisional is as it was", () => {
  const playout = new FramePlayout();
  playout.push(frame(0, 0.1, false));
  playout.push(frame(1, 0.9, false));
  near(playout.at(0, STEP).pose.jawOpen, 0.9);
});

test("the wire tells them apart", () => {
  const data = new ArrayBuffer(272);
  new DataView(data).setUint8(1, 1);
  for (const [kind, provisional] of [[0x46, false], [0x50, true]]) {
    new DataView(data).setUint8(0, kind);
    assert.equal(decodeBinary(data).provisional, provisional);
  }
});
