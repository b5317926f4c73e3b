// How late faces are: what counts, and what the page does beside the stream, which does not.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LatencyStats, STAGES } from "../../../../clients/web/facewire_web/page/latency.js";

/** A frame that set out at `sentMs`, and was received some time later. */
function frame(sentMs, receivedMs) {
  const latency = Object.fromEntries(STAGES.map((stage) => [stage, 0]));
  return { receivedMs, latency: { ...latency, total: receivedMs - sentMs } };
}

test("a frame counts from its sound to its drawing", () => {
  const stats = new LatencyStats();
  stats.shown(frame(1000, 1008), 1012);
  assert.deepEqual(stats.summary().total, { p50: 12, p99: 12 });
  assert.deepEqual(stats.summary().page, { p50: 4, p99: 4 });
});

test("frames that wait while something is loaded are left out, whatever it delays", () => {
  const stats = new LatencyStats();
  stats.shown(frame(990, 998), 1000);
  stats.beginLoading();
  stats.shown(frame(1010, 1015), 1500);
  stats.endLoading(1600);
  // Set out before the end: it lay in the socket, or on the page.
  stats.shown(frame(1100, 1605), 1610);
  stats.shown(frame(1590, 1602), 1610);
  assert.deepEqual(stats.summary().total, { p50: 10, p99: 10 });
  stats.shown(frame(1600, 1611), 1630);
  assert.deepEqual(stats.summary().total, { p50: 30, p99: 30 });
});

test("of two that load, both must be done", () => {
  const stats = new LatencyStats();
  stats.beginLoading();
  stats.beginLoading();
  stats.endLoading(100);
  stats.shown(frame(120, 125), 130);
  assert.equal(stats.summary(), null);
  stats.endLoading(140);
  stats.shown(frame(150, 155), 160);
  assert.equal(stats.summary().total.p99, 10);
});

test("a stream that begins anew while something is loaded still does not count it", () => {
  const stats = new LatencyStats();
  stats.beginLoading();
  stats.reset();
  stats.shown(frame(10, 15), 900);
  assert.equal(stats.summary(), null);
});

test("a burst tells no frame rate", () => {
  const stats = new LatencyStats();
  for (let i = 0; i < 10; i += 1) stats.arrived(1000 + i * 0.6);
  assert.equal(stats.frameRate(1010), null);
  const steady = new LatencyStats();
  for (let i = 0; i <= 60; i += 1) steady.arrived(2000 + (i * 1000) / 60);
  assert.ok(Math.abs(steady.frameRate(3000) - 60) < 0.1);
});
