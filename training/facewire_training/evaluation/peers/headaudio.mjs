// node headaudio.mjs SAMPLE_RATE FRAME_RATE < float32 samples > weights by Oculus viseme
//
// HeadAudio (Mika Suominen, MIT) with the model and the settings that it comes with.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { defineGlobals, play, readSamples, tell } from "./worklet.mjs";

const [rate, frameRate] = process.argv.slice(2).map(Number);
defineGlobals(rate);

const [searched] = createRequire(import.meta.url).resolve.paths("@met4citizen/headaudio");
const folder = path.join(searched, "@met4citizen", "headaudio");
const load = (file) => import(pathToFileURL(path.join(folder, "modules", file)));
await load("headworklet.mjs");
const { HeadAudio } = await load("headaudio.mjs");

const node = new HeadAudio(null);
const model = await readFile(path.join(folder, "dist", "model-en-mixed.bin"));
await node.loadModel(`data:application/octet-stream;base64,${model.toString("base64")}`);

const weights = {};
node.onvalue = (viseme, value) => {
  weights[viseme.replace("viseme_", "")] = value;
};

let before = 0;
play(node, await readSamples(), frameRate, (now) => {
  node.update(1000 * (now - before));
  before = now;
  tell(now, weights);
});
