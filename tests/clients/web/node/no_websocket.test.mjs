// Where there is no WebSocket, as in Node before 22.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FaceClient } from "../../../../clients/web/facewire_web/client/face_client.js";
import { SpeakClient } from "../../../../clients/web/facewire_web/client/speak_client.js";

for (const [name, open] of [
  ["FaceClient", () => new FaceClient("ws://127.0.0.1:9").openSession({ sampleRate: 16_000 })],
  ["SpeakClient", () => new SpeakClient("ws://127.0.0.1:9").open({})],
]) {
  test(`${name} says so`, async () => {
    const there = globalThis.WebSocket;
    globalThis.WebSocket = undefined;
    try {
      await assert.rejects(open(), { code: "no-websocket", message: /Node 22/ });
    } finally {
      globalThis.WebSocket = there;
    }
  });
}
