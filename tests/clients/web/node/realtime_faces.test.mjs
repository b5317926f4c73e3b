// The faces of a realtime session: which one is shown for the sound that is heard.

import assert from "node:assert/strict";
import { test } from "node:test";

import { RealtimeFaces } from "../../../../clients/web/facewire_web/realtime/realtime_faces.js";

const PLACE = { response_id: "resp_1", item_id: "item_1", content_index: 0 };
const frame = (jaw) => ({ weights: [jaw, 0.5], head: [jaw, 0, 0], speech: 1 });

function started(place = PLACE) {
  return { type: "facewire.face.started", ...place, names: ["jawOpen", "mouthPucker"], frame_rate: [50, 1] };
}

function delta(first, jaws, place = PLACE) {
  return { type: "facewire.face.delta", ...place, first_frame: first, frames: jaws.map(frame) };
}

function ready() {
  const faces = new RealtimeFaces();
  faces.take(started());
  faces.take(JSON.stringify(delta(0, [0, 0.2, 0.4])));
  faces.take(delta(3, [0.6, 0.8]));
  return faces;
}

const at = (faces, ms, now = 0, itemId = "item_1") => faces.at(now, ms === null ? null : { itemId, ms });

test("the face is that of the sound that is heard, between its frames", () => {
  const faces = ready();
  assert.equal(at(faces, 0).jawOpen, 0);
  assert.ok(Math.abs(at(faces, 50).jawOpen - 0.5) < 1e-9);
  assert.ok(Math.abs(at(faces, 50).head[0] - 0.5) < 1e-9);
  assert.equal(at(faces, 50).mouthPucker, 0.5);
  assert.equal(at(faces, 75).jawOpen, 0.75);
  assert.equal(at(faces, 500).jawOpen, 0.8, "it waits for the next frames");
  assert.equal(at(faces, -5).jawOpen, 0);
});

test("what is not about a face is the page's own", () => {
  const faces = new RealtimeFaces();
  for (const other of ["", "no JSON", '{"type":"response.done"}', { type: "error" }, {}, null, 7]) {
    assert.equal(faces.take(other), false);
  }
  assert.equal(faces.take(started()), true);
});

test("a face that is interrupted comes to rest, and shows nothing after that", () => {
  const faces = ready();
  assert.equal(at(faces, 60, 1000).jawOpen, 0.6);
  faces.take({ type: "facewire.face.rest", ...PLACE, reason: "truncated", end_ms: 60, end_frame: 2 });
  assert.equal(at(faces, 60, 1016).jawOpen, 0.6);
  assert.ok(Math.abs(at(faces, 75, 1091).jawOpen - 0.3) < 1e-9);
  assert.equal(at(faces, 90, 1170).jawOpen, 0);
  faces.take(delta(5, [1, 1, 1]));
  assert.equal(at(faces, 110, 1200).jawOpen, 0);
});

test("it rests while nothing is heard, at the end, and goes on with the next item", () => {
  const faces = ready();
  assert.equal(at(faces, null, 0).jawOpen, 0);
  assert.equal(at(faces, 80, 100).jawOpen, 0.8);
  faces.take({ type: "facewire.face.done", ...PLACE, frame_count: 5, samples: 2400, ms: 100 });
  at(faces, 100, 200);
  assert.equal(at(faces, 101, 400).jawOpen, 0);
  const place = { ...PLACE, item_id: "item_2" };
  faces.take(started(place));
  assert.equal(at(faces, 0, 450, "item_2").jawOpen, 0, "no frame yet");
  faces.take(delta(0, [0.3], place));
  assert.equal(at(faces, 0, 460, "item_2").jawOpen, 0.3);
});

test("a long item and many items are forgotten as they are heard", () => {
  const faces = ready();
  for (let first = 5; first < 5000; first += 5) {
    faces.take(delta(first, [0.1, 0.1, 0.1, 0.1, 0.7]));
    at(faces, (first * 1000) / 50);
  }
  assert.equal(at(faces, (4999 * 1000) / 50).jawOpen, 0.7);
  const [item] = faces._items.values();
  assert.ok(item.frames.length < 200);
  for (let number = 0; number < 100; number++) faces.take(started({ ...PLACE, item_id: `other_${number}` }));
  assert.ok(faces._items.size <= 32);
});
