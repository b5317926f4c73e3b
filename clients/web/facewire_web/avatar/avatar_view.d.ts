import type { Pose } from "../index.js";

/** Why an avatar cannot be shown, as one sentence that says what to do. */
export class AvatarError extends Error {}

export interface AvatarAbout {
  kind: "glb" | "vrm0" | "vrm1";
  /** What moves it: ARKit's shapes, or mouth shapes (visemes) and blinks where it has too few of those. */
  by: "shapes" | "visemes";
  /** Our names of what it has. */
  names: string[];
}

/** Draws poses with one avatar, a GLB or VRM, on one canvas, as large as its box. */
export class AvatarView {
  /**
   * Read an avatar and show it at rest.
   * @param canvas of its own: nobody else can draw on it, before or afterwards
   * @param bytes of a GLB or VRM file
   * @throws {AvatarError} it is none, nothing in it is known, or the browser has no WebGL 2
   */
  static open(canvas: HTMLCanvasElement, bytes: ArrayBuffer, options?: { name?: string }): Promise<AvatarView>;
  readonly canvas: HTMLCanvasElement;
  readonly name: string;
  readonly about: AvatarAbout;
  readonly pose: Pose;
  /** How tall it is in CSS pixels, and the weights that its meshes have, by our names. */
  readonly drawn: { scale: number; weights: Record<string, number> };
  draw(pose: Partial<Pose>): AvatarView["drawn"];
  close(): void;
}
