// A server that takes a connection and hangs.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { FaceClient } from "../../../../clients/web/facewire_web/client/face_client.js";

/** A browser's, of a connection about which nothing is ever heard. */
class HangingSocket {
  static opened = [];

  constructor(url) {
    this.url = url;
    this.closed = false;
    HangingSocket.opened.push(this);
  }

  close() {
    this.closed = true;
  }
}

test("it is given up after twenty seconds", async () => {
  const there = globalThis.WebSocket;
  globalThis.WebSocket = HangingSocket;
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const client = new FaceClient("ws://127.0.0.1:9");
    const reasons = [];
    client.onclose = (reason) => reasons.push(reason);
    const opening = client.openSession({ sampleRate: 16_000 });
    mock.timers.tick(19_999);
    assert.deepEqual(reasons, []);
    mock.timers.tick(1);
    await assert.rejects(opening, { code: "absent", message: /127\.0\.0\.1:9 .* does not answer/ });
    assert.equal(reasons.length, 1);
    assert.ok(HangingSocket.opened[0].closed);
  } finally {
    mock.timers.reset();
    globalThis.WebSocket = there;
  }
});
