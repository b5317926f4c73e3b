/**
 * An avatar of one's own on a canvas, moved by the 52 ARKit weights: a GLB or a VRM, drawn by three.js.
 *
 *     const avatar = await AvatarView.open(canvas, await file.arrayBuffer(), { name: file.name });
 *     avatar.draw(pose);                // a Pose, see client/pose.js
 *
 * It is bundled with three.js and three-vrm, and loaded only where somebody has an avatar (see build.mjs).
 */

import { neutralPose, wholePose } from "../client/pose.js";
import { AvatarError } from "./avatar_error.js";
import { driversOf } from "./drivers.js";
import { readModel } from "./glb_header.js";
import { turnerOf } from "./head_and_gaze.js";
import { disposeModel, loadModel } from "./load_model.js";
import { Stage } from "./stage.js";

export { AvatarError };

/** Springs of hair and clothes take longer steps for a jump. */
const LONGEST_STEP_S = 0.1;

/** Draws poses with one avatar on one canvas, as large as its box. */
export class AvatarView {
  /**
   * Read an avatar and show it at rest.
   * @param {HTMLCanvasElement} canvas of its own: it cannot be drawn on by others before or afterwards
   * @param {ArrayBuffer} bytes of a GLB or VRM file
   * @param {{name?: string}} [options] name: of the file, for the words of errors
   * @returns {Promise<AvatarView>}
   * @throws {AvatarError} it is no GLB or VRM, nothing in it can be moved by our weights, or there is no WebGL
   */
  static async open(canvas, bytes, { name = "the file" } = {}) {
    const about = readModel(bytes, name);
    const model = await loadModel(bytes, name);
    const drivers = driversOf(model);
    if (!drivers) {
      disposeModel(model);
      throw new AvatarError(unknownNames(name, about));
    }
    try {
      return new AvatarView(canvas, { name, about, model, drivers });
    } catch (error) {
      disposeModel(model);
      throw error;
    }
  }

  /** @private use `open` */
  constructor(canvas, { name, about, model, drivers }) {
    this.canvas = canvas;
    this.name = name;
    this.pose = neutralPose();
    /** What was understood of it. @type {{kind: "glb" | "vrm0" | "vrm1", by: "shapes" | "visemes", names: string[]}} */
    this.about = { kind: about.kind, by: drivers.by, names: drivers.names };
    this._model = model;
    this._drivers = drivers;
    this._turn = turnerOf(model, drivers.names.includes("eyeLookOutLeft"));
    this._stage = new Stage(canvas);
    this._stage.frame(model);
    this._drawnMs = null;
    this._heightPx = 0;
    canvas.addEventListener("dblclick", (this._reset = () => this._stage.reset()));
    this.draw(this.pose);
  }

  /**
   * Draw a pose.
   * @param {import("../client/pose.js").Pose} pose
   */
  draw(pose) {
    this.pose = wholePose(pose);
    const nowMs = performance.now();
    const stepS = Math.min(LONGEST_STEP_S, (nowMs - (this._drawnMs ?? nowMs)) / 1000);
    this._drawnMs = nowMs;
    this._drivers.apply(this.pose);
    this._turn(this.pose);
    this._model.vrm?.update(stepS);
    this._heightPx = this._stage.render();
    return this.drawn;
  }

  /** What is on the canvas: `weights` that its meshes have, by our names; `scale`, how tall it is in CSS pixels. */
  get drawn() {
    return { scale: this._heightPx, weights: this._drivers.weights() };
  }

  /** Give everything back. */
  close() {
    this.canvas.removeEventListener("dblclick", this._reset);
    disposeModel(this._model);
    this._stage.close();
  }
}

function unknownNames(name, { morphs, expressions }) {
  const named = [...expressions, ...morphs].slice(0, 3).map((one) => `“${one}”`).join(", ");
  const others = named ? `it has ${named}` : "its own have no names";
  return `“${name}” has no morph target whose name is known here, such as jawOpen, viseme_aa or A: ${others}; name its shape keys as ARKit does.`;
}
