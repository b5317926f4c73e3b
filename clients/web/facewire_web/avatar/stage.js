/** Where an avatar stands: light, a camera that frames its head, orbit by mouse and touch, one canvas. */

import { Box3, DirectionalLight, HemisphereLight, PerspectiveCamera, Scene, Vector3, WebGLRenderer } from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import { AvatarError } from "./avatar_error.js";

const FIELD_OF_VIEW = 22;
const MAX_PIXEL_RATIO = 2;
/** How much of the picture's height is room above and below. */
const ROOM = 0.12;
/** How tall what is shown of a person is, head and shoulders, in the lengths between the bones of head and neck. */
const SHOWN_PER_NECK = 4.2;
/** Where the middle of that is, above the bone of the head. */
const MIDDLE_PER_NECK = 0.8;
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;

export class Stage {
  /**
   * @param {HTMLCanvasElement} canvas
   * @throws {AvatarError} the browser has no WebGL
   */
  constructor(canvas) {
    const slow = isSoftware();
    try {
      this._renderer = new WebGLRenderer({ canvas, alpha: true, antialias: !slow });
    } catch {
      throw new AvatarError("This browser draws no 3D (WebGL 2), which avatars need; switch on its graphics acceleration, or use another browser.");
    }
    this._maxRatio = slow ? 1 : MAX_PIXEL_RATIO;
    this._scene = new Scene();
    this._camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.01, 100);
    this._controls = new OrbitControls(this._camera, canvas);
    this._controls.enablePan = false;
    // A finger that moves up or down scrolls the page, as elsewhere on it.
    canvas.style.touchAction = "pan-y";
    const key = new DirectionalLight(0xffffff, 2.2);
    key.position.set(0.6, 0.8, 1);
    this._scene.add(new HemisphereLight(0xffffff, 0x887766, 1.6), key);
    this._controls.addEventListener("change", () => this.render());
    this._observer = new ResizeObserver(() => this.render());
    this._observer.observe(canvas);
  }

  /**
   * Show a model, and look its head in the face.
   * @param {import("./load_model.js").Model} model
   */
  frame({ scene, vrm }) {
    this._scene.add(scene);
    scene.updateWorldMatrix(true, true);
    const { center, height } = shownOf(scene, vrm);
    const distance = height / (1 - ROOM) / (2 * Math.tan((FIELD_OF_VIEW * Math.PI) / 360));
    this._shownHeight = height;
    this._camera.near = distance / 50;
    this._camera.far = distance * 50;
    this._camera.position.set(center.x, center.y, center.z + distance);
    this._controls.target.copy(center);
    this._controls.minDistance = distance / 3;
    this._controls.maxDistance = distance * 6;
    this._controls.saveState();
    this._controls.update();
  }

  /** Look it in the face again. */
  reset() {
    this._controls.reset();
  }

  /** Draw, as large as the canvas is. @returns {number} how tall what was framed is, CSS pixels */
  render() {
    const { clientWidth: width, clientHeight: height } = this._renderer.domElement;
    if (!width || !height) return 0;
    this._renderer.setPixelRatio(Math.min(this._maxRatio, window.devicePixelRatio || 1));
    this._renderer.setSize(width, height, false);
    this._camera.aspect = width / height;
    this._camera.updateProjectionMatrix();
    this._renderer.render(this._scene, this._camera);
    const distance = this._camera.position.distanceTo(this._controls.target);
    return (height * this._shownHeight) / (2 * distance * Math.tan((FIELD_OF_VIEW * Math.PI) / 360));
  }

  close() {
    this._observer.disconnect();
    this._controls.dispose();
    this._renderer.dispose();
    this._renderer.forceContextLoss();
  }
}

/** Middle and height of what is looked at: head and shoulders of a person, or all that a face moves where that is less. */
function shownOf(scene, vrm) {
  const box = new Box3();
  scene.traverse((node) => node.morphTargetInfluences?.length && box.expandByObject(node, true));
  const size = box.getSize(new Vector3());
  const [head, neck] = ["head", "neck"].map((name) => vrm?.humanoid.getNormalizedBoneNode(name)?.getWorldPosition(new Vector3()));
  const length = head && neck ? head.distanceTo(neck) : Infinity;
  if (length * SHOWN_PER_NECK >= size.y) return { center: box.getCenter(new Vector3()), height: size.y };
  return { center: head.setY(head.y + length * MIDDLE_PER_NECK), height: length * SHOWN_PER_NECK };
}

/** Whether a browser draws 3D by its processor. */
function isSoftware() {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) return true;
  const name = gl.getParameter(gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return SOFTWARE.test(String(name));
}
