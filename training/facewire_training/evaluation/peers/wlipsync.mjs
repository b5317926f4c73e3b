// node wlipsync.mjs SAMPLE_RATE FRAME_RATE PROFILE < float32 samples > weights by vowel
//
// wLipSync (Noeri Huisman, MIT; after uLipSync by hecomi, MIT) with the settings that it comes
// with. The package has no profile of its own: PROFILE is `example/profile.bin` of its repository.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { defineGlobals, play, readSamples, tell } from "./worklet.mjs";

const [rate, frameRate] = process.argv.slice(2).map(Number);
defineGlobals(rate);

const { configuration, createWLipSyncNode, parseBinaryProfile } = await import(
  "wlipsync/wlipsync.js"
);
await import("wlipsync/audio-processor.js");

const [searched] = createRequire(import.meta.url).resolve.paths("wlipsync");
const binary = await readFile(path.join(searched, "wlipsync", "dist", "wlipsync.wasm"));
configuration.wasmModule = await WebAssembly.compile(binary);

const profile = await readFile(process.argv[4]);
const whole = profile.buffer.slice(profile.byteOffset, profile.byteOffset + profile.length);
const node = await createWLipSyncNode({ currentTime: 0 }, parseBinaryProfile(whole));
while (node.processor.exports === null) await setImmediate();

play(node, await readSamples(), frameRate, (now) => {
  const loud = Object.entries(node.weights).map(([name, value]) => [name, value * node.volume]);
  tell(now, Object.fromEntries(loud));
});
