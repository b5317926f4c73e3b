/**
 * A face on a canvas, drawn from the 52 ARKit weights.
 *
 *     const face = new FaceView(document.querySelector("canvas"));
 *     face.draw(pose);              // a Pose, see client/pose.js
 *     face.drawn.mouthGapPx;        // how far the drawn lips are apart
 */

import { Space, closedCurve } from "./space.js";
import { drawBody, drawEars, drawHead, headOutline } from "./head.js";
import { drawHairBehind, drawHairInFront, hairOutline } from "./hair.js";
import { drawBrows, drawCheeks, drawNose } from "./features.js";
import { drawEyes } from "./eyes.js";
import { drawMouth } from "./mouth/mouth.js";
import { neutralPose, wholePose } from "../client/pose.js";

/** How much of the world the picture shows, in units of the head. */
const VIEW = { width: 300, top: -188, bottom: 246 };

const MAX_PIXEL_RATIO = 2.5;

/**
 * @typedef {Object} Drawn What the picture shows, in CSS pixels.
 * @property {number} mouthGapPx between the inner lips, in the middle; 0 when they touch
 * @property {number} mouthWidthPx between the corners
 * @property {number} lipsHeightPx from the top of the upper lip to the bottom of the lower one
 * @property {number[]} mouthCenter x, y from the canvas's corner
 * @property {number} eyeOpenLeftPx between the lids of the speaker's left eye
 * @property {number} eyeOpenRightPx
 * @property {number} chinYPx
 * @property {number} scale CSS pixels per unit; the head is about 200 units wide
 */

/** Draws poses on one canvas, as large as its box and as fine as its screen. */
export class FaceView {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.pose = neutralPose();
    /** @type {Drawn} */
    this.drawn = {};
    this._observer = new ResizeObserver(() => this.draw(this.pose));
    this._observer.observe(canvas);
  }

  /**
   * Draw a pose.
   * @param {import("../client/pose.js").Pose} pose
   * @returns {Drawn}
   */
  draw(pose) {
    this.pose = wholePose(pose);
    const { width, height } = this._fit();
    if (!width || !height) return this.drawn;
    const scale = Math.min(width / VIEW.width, height / (VIEW.bottom - VIEW.top));
    const space = new Space(this.pose.head, scale, [width / 2, height - VIEW.bottom * scale]);
    this.context.clearRect(0, 0, width, height);
    this.drawn = { ...drawPerson(this.context, space, this.pose, height), scale };
    return this.drawn;
  }

  /** Stop following the size of the canvas. */
  close() {
    this._observer.disconnect();
  }

  _fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = Math.min(MAX_PIXEL_RATIO, window.devicePixelRatio || 1);
    const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== columns || this.canvas.height !== rows) {
      this.canvas.width = columns;
      this.canvas.height = rows;
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { width, height };
  }
}

/** Draw everything from back to front; shoulders and neck do not roll with the head. */
function drawPerson(context, space, pose, height) {
  const hair = hairOutline(space);
  const outline = headOutline(space, pose);
  space.rolled(context, () => drawHairBehind(context, space, hair));
  drawBody(context, space, pose, height);
  return space.rolled(context, () => {
    drawEars(context, space);
    const head = drawHead(context, space, pose, outline);
    const features = drawFeatures(context, space, pose, outline);
    drawHairInFront(context, space, hair);
    drawBrows(context, space, pose);
    return { ...head, ...features };
  });
}

/** Draw what lies on the face, and never beyond its outline. */
function drawFeatures(context, space, pose, outline) {
  context.save();
  closedCurve(context, outline);
  context.clip();
  drawCheeks(context, space, pose);
  const mouth = drawMouth(context, space, pose);
  drawNose(context, space, pose);
  const eyes = drawEyes(context, space, pose);
  context.restore();
  return { ...mouth, ...eyes };
}
