/** The moving picture's layout, made of the viewer page's own parts. Read by moving_picture.py. */

const STYLE = `
  body { max-width: none; padding: 0; display: block; background: var(--card); }
  .film { display: grid; grid-template: auto 1fr / 272px 1fr; width: 640px; height: 360px; }
  .film .picture { grid-area: 1 / 2 / 3 / 3; background: radial-gradient(ellipse 62% 58% at 50% 40%, var(--halo-1), transparent 100%), linear-gradient(var(--halo-2), var(--halo-3)); }
  .film .words { margin: 0; padding: 20px 6px 0 22px; font-size: 20px; line-height: 1.42; text-wrap: balance; color: var(--muted); }
  .film .words .said { color: var(--text); }
  .film .words .now { color: var(--accent); -webkit-text-stroke: 0.7px; }
  .film .lanes { align-self: end; padding: 0 14px 16px 22px; }
  .film .lanes canvas { display: block; width: 100%; }
  #sound-lane { height: 48px; margin-bottom: 8px; }
  .film #curves { height: 132px; }
`;
const WINDOW_S = 5;
const BAR_S = 0.05;

/**
 * Lay the page out anew: words, sound and the page's curves beside the page's face.
 * @param {{words: [string, number, number][], levels: number[], interval: number, poses: object[]}} clip one loop: words
 *   with their beginning and end in seconds; the sound's peak of each hundredth; seconds between frames; a pose for each
 * @param {string} place the page's origin
 * @returns {Promise<(index: number) => void>} draws a frame of the loop
 */
export async function film({ words, levels, interval, poses }, place) {
  const [{ FaceView }, { Curves }] = await Promise.all([import(`${place}/face/face_view.js`), import(`${place}/page/curves.js`)]);
  document.head.append(Object.assign(document.createElement("style"), { textContent: STYLE }));
  const [picture, curvesCanvas] = [document.querySelector(".picture"), document.getElementById("curves")];
  const sound = Object.assign(document.createElement("canvas"), { id: "sound-lane" });
  const text = Object.assign(document.createElement("p"), { className: "words" });
  const spans = words.map(([word]) => Object.assign(document.createElement("span"), { textContent: word }));
  spans.forEach((span) => text.append(span, " "));
  const lanes = Object.assign(document.createElement("div"), { className: "lanes" });
  lanes.append(sound, curvesCanvas);
  const stage = Object.assign(document.createElement("main"), { className: "film" });
  stage.append(text, lanes, picture);
  document.body.replaceChildren(stage);

  const face = new FaceView(document.getElementById("face"));
  const curves = new Curves(curvesCanvas);
  const loopS = poses.length * interval;
  // What is seen of the loop before, when it begins, was drawn in the loop before.
  poses.forEach((pose, i) => curves.push(i * interval * 1000, pose));
  return (index) => {
    const now = index * interval;
    spans.forEach((span, i) => {
      const [, start, end] = words[i];
      span.className = now >= end ? "said" : now >= start ? "now" : "";
    });
    curves.push((loopS + now) * 1000, poses[index]);
    curves.draw((loopS + now) * 1000);
    drawSound(sound, levels, loopS, now);
    face.draw(poses[index]);
  };
}

/** Draw the last seconds of the sound above the curves, on the same time. */
function drawSound(canvas, levels, loopS, now) {
  const ratio = window.devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  context.scale(ratio, ratio);
  context.font = `12px ${style.fontFamily}`;
  context.textBaseline = "top";
  context.fillStyle = style.getPropertyValue("--muted");
  context.fillText("sound", 0, 0);
  context.fillStyle = style.getPropertyValue("--text");
  const perSecond = width / WINDOW_S;
  const first = Math.ceil((now - WINDOW_S) / BAR_S);
  for (let bar = first; bar * BAR_S <= now; bar += 1) {
    const from = Math.round(((bar * BAR_S + loopS) % loopS) * 100);
    const level = Math.max(0, ...levels.slice(from, from + Math.round(BAR_S * 100)));
    const reach = Math.max(0.5, level * (height - 14) / 2);
    context.fillRect(width - (now - bar * BAR_S) * perSecond - 1.5, (height + 12) / 2 - reach, 1.4, 2 * reach);
  }
}
