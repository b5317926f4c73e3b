/** A GLB or VRM as three.js has it, from its bytes. */

import { VRMLoaderPlugin, VRMUtils } from "@pixiv/three-vrm";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { MeshoptDecoder } from "three/examples/jsm/libs/meshopt_decoder.module.js";
import { AvatarError } from "./avatar_error.js";

/**
 * @typedef {Object} Model
 * @property {import("three").Object3D} scene
 * @property {import("@pixiv/three-vrm").VRM | null} vrm
 */

/**
 * @param {ArrayBuffer} bytes
 * @param {string} name of the file, for the words of errors
 * @returns {Promise<Model>}
 * @throws {AvatarError} the loader does not understand it
 */
export async function loadModel(bytes, name) {
  const loader = new GLTFLoader();
  loader.setMeshoptDecoder(MeshoptDecoder);
  loader.register((parser) => new VRMLoaderPlugin(parser));
  let gltf;
  try {
    gltf = await loader.parseAsync(bytes, "");
  } catch (error) {
    throw new AvatarError(`“${name}” cannot be read (${error.message}); export it again as GLB or VRM.`);
  }
  const { vrm = null } = gltf.userData;
  // Its bones move what is far from where it was modelled, so three.js would take it for out of the picture.
  gltf.scene.traverse((node) => (node.frustumCulled = false));
  // A VRM of version 0 looks the other way.
  if (vrm) VRMUtils.rotateVRM0(vrm);
  return { scene: vrm?.scene ?? gltf.scene, vrm };
}

/** Give back what a model has on the graphics card. */
export function disposeModel({ scene }) {
  VRMUtils.deepDispose(scene);
}
