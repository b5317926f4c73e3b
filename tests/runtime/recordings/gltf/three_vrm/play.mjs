// Plays a VRM Animation on a VRM as three-vrm does, and says what moves at the times asked for:
// node play.mjs AVATAR.vrm FACE.vrma SECONDS...
import { VRMLoaderPlugin } from "@pixiv/three-vrm";
import { VRMAnimationLoaderPlugin, VRMLookAtQuaternionProxy, createVRMAnimationClip } from "@pixiv/three-vrm-animation";
import { readFile } from "node:fs/promises";
import { AnimationMixer, LoopOnce } from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";

// What browsers have, and three-vrm looks for; nothing is drawn.
globalThis.self ??= globalThis;

const complaints = [];
for (const kind of ["warn", "error"]) console[kind] = (...words) => complaints.push(words.join(" "));

async function load(path, plugin) {
  const loader = new GLTFLoader();
  loader.register((parser) => new plugin(parser));
  const bytes = await readFile(path);
  const { userData } = await loader.parseAsync(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), "");
  return userData;
}

const [avatar, animation, ...times] = process.argv.slice(2);
const { vrm } = await load(avatar, VRMLoaderPlugin);
const { vrmAnimations } = await load(animation, VRMAnimationLoaderPlugin);
const hasLookAt = Boolean(vrm.lookAt);
if (hasLookAt) {
  const proxy = new VRMLookAtQuaternionProxy(vrm.lookAt);
  proxy.name = "gaze";
  vrm.scene.add(proxy);
}
const mixer = new AnimationMixer(vrm.scene);
const action = mixer.clipAction(createVRMAnimationClip(vrmAnimations[0], vrm)).setLoop(LoopOnce);
action.clampWhenFinished = true;
const seen = times.map((time) => {
  action.reset().play();
  mixer.setTime(Number(time));
  vrm.update(0);
  const morphs = {};
  vrm.scene.traverse(({ morphTargetDictionary, morphTargetInfluences }) => {
    for (const [name, place] of Object.entries(morphTargetDictionary ?? {})) morphs[name] ??= morphTargetInfluences[place];
  });
  return {
    expressions: Object.fromEntries(vrm.expressionManager.expressions.map(({ expressionName, weight }) => [expressionName, weight])),
    morphs,
    head: vrm.humanoid.getNormalizedBoneNode("head").quaternion.toArray(),
    gaze: hasLookAt ? [vrm.lookAt.yaw, vrm.lookAt.pitch] : null,
  };
});
const { expressionTracks, humanoidTracks, duration } = vrmAnimations[0];
const names = { preset: [...expressionTracks.preset.keys()], custom: [...expressionTracks.custom.keys()], bones: [...humanoidTracks.rotation.keys()] };
console.log(JSON.stringify({ complaints, duration, names, seen }));
