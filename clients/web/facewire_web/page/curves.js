/** Draws the last seconds of a few curves, one lane each. */

import { FULL_GAP, lipGap } from "../face/mouth/mouth_shape.js";

const WINDOW_MS = 5000;
const LANE_GAP = 10;

/** What the lanes show, each 0 to 1. */
const LANES = [
  { label: "jaw open", colour: "--curve-1", value: (pose) => pose.jawOpen },
  { label: "lip gap", colour: "--curve-2", value: (pose) => lipGap(pose) / FULL_GAP },
  { label: "rounding", colour: "--curve-3", value: (pose) => Math.max(pose.mouthPucker, pose.mouthFunnel) },
  { label: "smile", colour: "--curve-4", value: (pose) => (pose.mouthSmileLeft + pose.mouthSmileRight) / 2 },
];

export class Curves {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this._canvas = canvas;
    this._context = canvas.getContext("2d");
    this._points = [];
    this._readColours();
    this._disposed = new AbortController();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this._readColours(), { signal: this._disposed.signal });
  }

  /** Follow the page's colours no more. */
  dispose() {
    this._disposed.abort();
    this.reset();
  }

  /** Add the pose of a frame. */
  push(nowMs, pose) {
    this._points.push({ at: nowMs, values: LANES.map((lane) => Math.min(1, lane.value(pose))) });
    while (this._points[0].at < nowMs - WINDOW_MS - 500) this._points.shift();
  }

  reset() {
    this._points = [];
  }

  draw(nowMs) {
    const { clientWidth: width, clientHeight: height } = this._canvas;
    const ratio = window.devicePixelRatio || 1;
    if (this._canvas.width !== Math.round(width * ratio) || this._canvas.height !== Math.round(height * ratio)) {
      this._canvas.width = Math.round(width * ratio);
      this._canvas.height = Math.round(height * ratio);
    }
    const context = this._context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const laneHeight = (height - LANE_GAP * (LANES.length - 1)) / LANES.length;
    LANES.forEach((lane, i) => {
      const top = i * (laneHeight + LANE_GAP);
      this._drawLane(lane, i, { nowMs, width, top, bottom: top + laneHeight });
    });
  }

  _drawLane(lane, index, { nowMs, width, top, bottom }) {
    const context = this._context;
    const colour = this._colours[lane.colour];
    const x = (at) => width - ((nowMs - at) / WINDOW_MS) * width;
    const y = (value) => bottom - 1 - value * (bottom - top - 8);
    context.strokeStyle = this._colours["--line"];
    context.lineWidth = 1;
    context.strokeRect(0, bottom - 0.5, width, 0);
    if (this._points.length > 1) {
      const line = new Path2D();
      this._points.forEach(({ at, values }) => line.lineTo(x(at), y(values[index])));
      const area = new Path2D(line);
      area.lineTo(x(this._points.at(-1).at), bottom - 1);
      area.lineTo(x(this._points[0].at), bottom - 1);
      context.globalAlpha = 0.14;
      context.fillStyle = colour;
      context.fill(area);
      context.globalAlpha = 1;
      context.strokeStyle = colour;
      context.lineWidth = 1.6;
      context.lineJoin = "round";
      context.stroke(line);
    }
    this._drawLabel(lane.label, this._points.at(-1)?.values[index], colour, width, top);
  }

  _drawLabel(label, value, colour, width, top) {
    const context = this._context;
    context.font = `12px ${this._font}`;
    context.textBaseline = "top";
    context.textAlign = "left";
    context.fillStyle = this._colours["--muted"];
    context.fillText(label, 0, top);
    if (value === undefined) return;
    context.textAlign = "right";
    context.fillStyle = colour;
    context.fillText(value.toFixed(2), width, top);
  }

  _readColours() {
    const style = getComputedStyle(this._canvas);
    this._font = style.fontFamily;
    const names = [...LANES.map((lane) => lane.colour), "--line", "--muted"];
    this._colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name).trim()]));
  }
}
