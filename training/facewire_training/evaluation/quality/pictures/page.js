import { FaceView } from "facewire/face/face_view.js";
import { poseFrom } from "facewire/client/pose.js";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const sound = byId("sound");
const picks = [byId("left"), byId("right")];
const faces = [...document.querySelectorAll(".face")].map((canvas) => new FaceView(canvas));
const curves = byId("curves");

const clip = () => data.clips[byId("clip").selectedIndex];
const system = (side) => clip().systems[picks[side].selectedIndex];

for (const entry of data.clips) {
  entry.systems.forEach((one) => {
    one.bytes = Uint8Array.from(atob(one.weights), (letter) => letter.charCodeAt(0));
  });
  byId("clip").add(new Option(entry.name));
}

function fillSystems(wanted) {
  picks.forEach((pick, side) => {
    const before = wanted?.[side] ?? pick.value;
    const names = clip().systems.map((one) => one.name);
    pick.replaceChildren(...names.map((name) => new Option(name)));
    pick.value = names.includes(before) ? before : names[Math.min(side, names.length - 1)];
  });
}

function openClip(wanted) {
  sound.src = clip().audio;
  sound.playbackRate = Number(byId("speed").value);
  fillSystems(wanted);
  draw();
}

/** The frame of a system that is shown at a time: the newest that is there by then. */
function frameAt(one, seconds) {
  const late = byId("timing").value === "live" ? one.delay : 0;
  const frame = Math.floor((seconds - late) * one.rate + 1e-6);
  return Math.min(Math.max(frame, 0), one.gap.length - 1);
}

function draw() {
  const now = sound.currentTime;
  const size = data.names.length;
  faces.forEach((face, side) => {
    const one = system(side);
    const frame = frameAt(one, now);
    const bytes = one.bytes.subarray(frame * size, (frame + 1) * size);
    face.draw(poseFrom(data.names, Array.from(bytes, (byte) => byte / 255)));
  });
  drawCurves(now);
}

function drawCurves(now) {
  const { clientWidth: width, clientHeight: height } = curves;
  const ratio = window.devicePixelRatio || 1;
  curves.width = width * ratio;
  curves.height = height * ratio;
  const context = curves.getContext("2d");
  context.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const x = (seconds) => (seconds / clip().seconds) * width;
  const top = 38;
  const highest = Math.max(0.3, ...picks.flatMap((_, side) => system(side).gap));
  const y = (gap) => height - 4 - (gap / highest) * (height - top - 8);
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  const reached = [0, 0];
  for (const [start, end, label] of clip().phones) {
    const contact = "pbm".includes(label) ? "--contact" : "fv".includes(label) ? "--teeth" : "";
    if (contact) {
      context.globalAlpha = 0.16;
      context.fillStyle = colour(contact);
      context.fillRect(x(start), top, x(end) - x(start), height - top);
      context.globalAlpha = 1;
    }
    context.fillStyle = colour(contact || "--muted");
    if (label === "sil") continue;
    const [middle, half] = [x((start + end) / 2), context.measureText(label).width / 2 + 2];
    // A phone that would touch the one before it goes a line higher.
    const row = middle - half >= reached[0] || reached[0] < reached[1] ? 0 : 1;
    reached[row] = middle + half;
    context.fillText(label, middle, row ? 14 : 30);
  }
  [1, 0].forEach((side) => {
    const one = system(side);
    context.strokeStyle = colour(side ? "--right" : "--left");
    context.lineWidth = 2;
    context.beginPath();
    for (let at = 0; at <= width; at += 1) {
      context.lineTo(at, y(one.gap[frameAt(one, (at / width) * clip().seconds)]));
    }
    context.stroke();
  });
  context.fillStyle = colour("--text");
  context.fillRect(x(now) - 0.75, 4, 1.5, height - 8);
}

function loop() {
  if (sound.paused) return;
  draw();
  requestAnimationFrame(loop);
}

byId("play").addEventListener("click", () => {
  if (!sound.paused) sound.pause();
  else sound.play();
});
sound.addEventListener("play", () => { byId("play").textContent = "Pause"; loop(); });
sound.addEventListener("pause", () => { byId("play").textContent = "Play"; draw(); });
sound.addEventListener("seeked", draw);
curves.addEventListener("click", (event) => {
  sound.currentTime = (event.offsetX / curves.clientWidth) * clip().seconds;
});
curves.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1 / 60, ArrowRight: 1 / 60 }[event.key];
  if (step) sound.currentTime = Math.max(0, sound.currentTime + step);
});
byId("clip").addEventListener("change", () => openClip());
byId("timing").addEventListener("change", draw);
byId("speed").addEventListener("change", () => { sound.playbackRate = Number(byId("speed").value); });
picks.forEach((pick) => pick.addEventListener("change", draw));
new ResizeObserver(draw).observe(curves);
openClip(data.first);
window.sideBySide = { data, faces, sound, draw };
