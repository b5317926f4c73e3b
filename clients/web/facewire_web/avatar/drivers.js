/** What a pose moves in a model: expressions of a VRM, or morph targets of its meshes. */

import { matchNames, weightsOf } from "./morph_names.js";

/**
 * @typedef {Object} Drivers
 * @property {"shapes" | "visemes"} by
 * @property {string[]} names ours, of what the model has
 * @property {(pose: import("../client/pose.js").Pose) => void} apply
 * @property {() => Record<string, number>} weights what the meshes have now, by our names
 */

/**
 * @param {import("./load_model.js").Model} model
 * @returns {Drivers | null} null: nothing in it has a name that is known
 */
export function driversOf({ scene, vrm }) {
  const meshes = [];
  scene.traverse((node) => node.morphTargetDictionary && meshes.push(node));
  const morphs = matchNames([...new Set(meshes.flatMap((mesh) => Object.keys(mesh.morphTargetDictionary)))]);
  const expressions = vrm?.expressionManager ? matchNames(Object.keys(vrm.expressionManager.expressionMap)) : null;
  // Many VRMs have ARKit's shapes in their meshes, but only five vowels as expressions.
  const useMorphs = morphs && (!expressions || (expressions.by === "visemes" && morphs.by === "shapes"));
  const found = useMorphs ? morphs : expressions;
  if (!found) return null;
  const apply = useMorphs ? (weigh) => setMorphs(meshes, found.bindings, weigh) : (weigh) => setExpressions(vrm, found.bindings, weigh);
  return {
    by: found.by,
    names: [...new Set(found.bindings.map(({ drives }) => drives))],
    apply: (pose) => apply(weightsOf(pose, found.by)),
    weights: () => weightsOfMeshes(meshes, morphs),
  };
}

function setMorphs(meshes, bindings, weigh) {
  for (const mesh of meshes) {
    for (const { name, drives } of bindings) {
      const index = mesh.morphTargetDictionary[name];
      if (index !== undefined) mesh.morphTargetInfluences[index] = weigh(drives);
    }
  }
}

function setExpressions(vrm, bindings, weigh) {
  for (const { name, drives } of bindings) vrm.expressionManager.setValue(name, weigh(drives));
}

/** The weights of morph targets that have our names; of the first mesh that has them. */
function weightsOfMeshes(meshes, morphs) {
  const weights = {};
  for (const { name, drives } of morphs?.bindings ?? []) {
    const mesh = meshes.find((one) => name in one.morphTargetDictionary);
    weights[drives] ??= mesh.morphTargetInfluences[mesh.morphTargetDictionary[name]];
  }
  return weights;
}
