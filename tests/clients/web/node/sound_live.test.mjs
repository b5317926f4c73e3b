// Live sound over an hour of block times: how far it is behind its sender, whatever the network does.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LiveSound } from "../../../../clients/web/facewire_web/sound/live.js";

const RATE = 16_000;
const QUANTUM = 128;
const DELAY_S = 0.17;
const NETWORK_S = 0.02;

/** Numbers from 0 to 1, the same each time. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Play what a sender sends whose clock is `drift` faster than the sound card's.
 * @returns {{time: number, lag: number, wanted: number, speed: number}[]} each 0.1 s: seconds since the
 *   sample that is played was spoken, as it is wanted and as it is, beside the quickest way
 */
function play({ seconds, drift = 0, blockS = 0.02, lateS = () => 0, runs = () => true, contextRate = RATE }) {
  const sound = new LiveSound(contextRate, { sampleRate: RATE, delayS: DELAY_S });
  const out = new Float32Array(QUANTUM);
  const block = Math.round(blockS * RATE);
  const senderRate = RATE * (1 + drift);
  const rows = [];
  let [sent, arrival, frame, ran] = [0, 0, 0, true];
  for (let time = 0; time < seconds; time += QUANTUM / contextRate) {
    for (;;) {
      // A stream keeps its order: nothing overtakes what is late.
      const next = Math.max(arrival, (sent + block) / senderRate + NETWORK_S + lateS((sent + block) / senderRate));
      if (next > time) break;
      arrival = next;
      if (runs(time)) sound.push(sent, new Int16Array(block).fill(1000), frame);
      sent += block;
    }
    if (!runs(time)) {
      ran = false;
      continue;
    }
    if (!ran) sound.restart();
    ran = true;
    sound.render(out, frame);
    const { anchor } = sound;
    if (anchor && Math.floor(time * 10) > Math.floor((time - QUANTUM / contextRate) * 10)) {
      rows.push({
        time, lag: time - anchor.sample / senderRate - NETWORK_S, wanted: sound.delay.wanted,
        speed: (anchor.step * contextRate) / RATE, quiet: out.every((sample) => sample === 0),
      });
    }
    frame += QUANTUM;
  }
  return rows;
}

const JITTER = seeded(7);
/** Most blocks a little late, one in a hundred by up to 60 ms. */
const uneven = () => (JITTER() < 0.01 ? 0.06 : 0.008) * JITTER();

for (const drift of [0.005, -0.005]) {
  test(`an hour with a sender ${100 * drift} % fast stays within 50 ms of the delay`, () => {
    const rows = play({ seconds: 3600, drift, lateS: uneven }).filter(({ time }) => time > 1);
    const worst = Math.max(...rows.map(({ lag, wanted }) => Math.abs(lag - wanted)));
    assert.ok(worst < 0.05, `${worst} s off`);
    assert.ok(rows.every(({ quiet }) => !quiet), "the sound has gaps");
    assert.ok(rows.every(({ wanted }) => wanted < DELAY_S + 0.08), "the delay grew");
    const steps = rows.slice(1).map(({ speed }, i) => Math.abs(speed - rows[i].speed));
    assert.ok(Math.max(...rows.map(({ speed }) => Math.abs(speed - 1))) <= 0.0101);
    assert.ok(Math.max(...steps) < 0.0011, "the pitch steps");
  });
}

test("a loudspeaker with another rate changes nothing", () => {
  const rows = play({ seconds: 60, drift: 0.005, lateS: uneven, contextRate: 48_000 }).filter(({ time }) => time > 1);
  assert.ok(Math.max(...rows.map(({ lag, wanted }) => Math.abs(lag - wanted))) < 0.05);
});

const during = (from, to) => (time) => (time >= from && time < to ? to - time : 0);
const stalls = {
  "a stalled network": { lateS: (time) => during(20, 32)(time) },
  "three stalls": { lateS: (time) => [20, 24, 28].map((at) => during(at, at + 1.5)(time)).reduce((a, b) => a + b) },
  "a context that is suspended": { runs: (time) => time < 20 || time >= 32 },
  "a way that becomes slower for good": { lateS: (time) => (time > 20 ? 0.6 : 0) },
  "a way that becomes quicker for good": { lateS: (time) => (time < 20 ? 0.6 : 0) },
};
for (const [what, scenario] of Object.entries(stalls)) {
  test(`${what} leaves the sound in step within a second`, () => {
    const rows = play({ seconds: 60, drift: 0.003, ...scenario });
    const settled = rows.filter(({ time }) => (time > 5 && time < 20) || time > 33);
    const base = what.includes("slower") ? ({ time }) => (time > 20 ? 0.6 : 0) : what.includes("quicker") ? ({ time }) => (time < 20 ? 0.6 : 0) : () => 0;
    const worst = Math.max(...settled.map((row) => Math.abs(row.lag - base(row) - row.wanted)));
    assert.ok(worst < 0.05, `${worst} s off`);
    assert.ok(settled.every(({ quiet }) => !quiet), "the sound has gaps");
  });
}

test("one block that comes early waits", () => {
  const sound = new LiveSound(RATE, { sampleRate: RATE, delayS: DELAY_S });
  const out = new Float32Array(QUANTUM);
  for (let frame = 0, sent = 0; frame < 20 * RATE; frame += QUANTUM) {
    while (sent < frame - 320 || (frame > 10 * RATE && sent < 11 * RATE)) {
      sound.push(sent, new Int16Array(320).fill(1000), frame);
      sent += 320;
    }
    sound.render(out, frame);
    if (frame < RATE) continue;
    assert.ok(Math.abs((frame - sound.anchor.sample) / RATE - DELAY_S - 0.02) < 0.05, `at ${frame / RATE} s`);
  }
});

test("its memory does not grow", () => {
  const sound = new LiveSound(RATE, { sampleRate: RATE, delayS: DELAY_S });
  for (let i = 0; i < 360_000; i += 1) sound.push(320 * i, new Int16Array(320), 0);
  assert.ok(JSON.stringify(sound).length < 3_000_000);
});
