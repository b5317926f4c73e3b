/**
 * What a GLB or VRM file says of itself, read without drawing anything: glTF 2.0's binary container, section 4.
 * A VRM file is a GLB with the extension `VRM` (version 0) or `VRMC_vrm` (version 1).
 */

import { AvatarError } from "./avatar_error.js";

const MAGIC = 0x46546c67; // "glTF"
const JSON_CHUNK = 0x4e4f534a;
const HEADER_BYTES = 20;
/** Compression that takes a decoder of its own; meshopt's comes with the viewer. */
const UNREAD = { KHR_draco_mesh_compression: "Draco", KHR_texture_basisu: "Basis (KTX2)" };

/**
 * @typedef {Object} ModelAbout
 * @property {"glb" | "vrm0" | "vrm1"} kind
 * @property {string[]} morphs names of morph targets, of all meshes
 * @property {string[]} expressions of a VRM
 */

/**
 * @param {ArrayBuffer} bytes
 * @param {string} name of the file, for the words of errors
 * @returns {ModelAbout}
 * @throws {AvatarError} it is no whole GLB, or one that nothing could move
 */
export function readModel(bytes, name) {
  const json = readJson(bytes, name);
  const unread = (json.extensionsRequired ?? []).find((extension) => UNREAD[extension]);
  if (unread) throw new AvatarError(`“${name}” is compressed by ${UNREAD[unread]}, which is not read here; export it without, or with meshopt.`);
  const about = { kind: kindOf(json), morphs: morphsOf(json), expressions: expressionsOf(json) };
  if (!json.meshes?.some((mesh) => mesh.primitives?.some(({ targets }) => targets?.length))) {
    throw new AvatarError(`“${name}” has no morph targets, so nothing in it can speak; export it with its shape keys, best with ARKit’s 52 names.`);
  }
  return about;
}

function readJson(bytes, name) {
  const view = new DataView(bytes);
  if (bytes.byteLength < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) throw new AvatarError(notGlb(view, name));
  const [version, length, jsonBytes, chunk] = [4, 8, 12, 16].map((offset) => view.getUint32(offset, true));
  if (version !== 2) throw new AvatarError(`“${name}” is glTF ${version}; export it as glTF 2.0.`);
  if (length > bytes.byteLength) throw new AvatarError(`“${name}” is cut short: it has ${bytes.byteLength} of ${length} bytes; fetch or export it again.`);
  try {
    if (chunk !== JSON_CHUNK) throw new SyntaxError("no JSON");
    return JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, HEADER_BYTES, jsonBytes)));
  } catch {
    throw new AvatarError(`“${name}” is broken: what it says of itself cannot be read; export it again.`);
  }
}

function notGlb(view, name) {
  const isText = view.byteLength > 0 && String.fromCharCode(view.getUint8(0)).trim() === "{";
  if (isText) return `“${name}” is glTF as text, whose other files are not here; export it as one GLB file.`;
  return `“${name}” is no GLB or VRM file; export the avatar as binary glTF (GLB) or VRM.`;
}

function kindOf({ extensions = {} }) {
  if (extensions.VRMC_vrm) return "vrm1";
  return extensions.VRM ? "vrm0" : "glb";
}

function morphsOf({ meshes = [] }) {
  const names = meshes.flatMap((mesh) => mesh.extras?.targetNames ?? mesh.primitives?.[0]?.extras?.targetNames ?? []);
  return [...new Set(names.map(String))];
}

function expressionsOf({ extensions = {} }) {
  const { preset = {}, custom = {} } = extensions.VRMC_vrm?.expressions ?? {};
  const groups = extensions.VRM?.blendShapeMaster?.blendShapeGroups ?? [];
  const named = groups.map(({ presetName, name }) => (presetName && presetName !== "unknown" ? presetName : name));
  return [...Object.keys(preset), ...Object.keys(custom), ...named.map(String)];
}
