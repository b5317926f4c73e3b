// Evaluated in the page by test_web_face.py: draws poses on a canvas of its own and measures pixels.
async () => {
    const { FaceView } = await import("./face/face_view.js");
    const { parsePose, poseFrom, SHAPES } = await import("./client/pose.js");
    const [WIDTH, HEIGHT] = [360, 520];
    const CHANGED = 24;
    const canvas = document.createElement("canvas");
    canvas.style.cssText = `position: fixed; left: 0; top: 0; width: ${WIDTH}px; height: ${HEIGHT}px`;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    document.body.append(canvas);
    const view = new FaceView(canvas);

    const drawPose = (pose) => {
        view.draw(pose);
        return context.getImageData(0, 0, WIDTH, HEIGHT).data;
    };
    const draw = (text) => drawPose(parsePose(text));

    /** The difference of two pictures at a pixel, 0 to 255. */
    const difference = (a, b, i) => Math.max(
        Math.abs(a[i] - b[i]), Math.abs(a[i + 1] - b[i + 1]), Math.abs(a[i + 2] - b[i + 2]), Math.abs(a[i + 3] - b[i + 3]),
    );

    /** Where two pictures differ: how many pixels, and the middle of them. */
    const change = (a, b) => {
        let [count, x, y] = [0, 0, 0];
        for (let i = 0; i < a.length; i += 4) {
            if (difference(a, b, i) <= CHANGED) continue;
            count += 1;
            x += (i / 4) % WIDTH;
            y += Math.floor(i / 4 / WIDTH);
        }
        return { count, x: x / count, y: y / count };
    };

    /** How many pixels of a kind are not connected to the first one, by rows and columns. */
    const unreached = (belongs, starts) => {
        const seen = new Uint8Array(WIDTH * HEIGHT);
        const stack = starts.filter(belongs);
        for (const place of stack) seen[place] = 1;
        while (stack.length) {
            const place = stack.pop();
            const x = place % WIDTH;
            for (const next of [x > 0 ? place - 1 : -1, x < WIDTH - 1 ? place + 1 : -1, place - WIDTH, place + WIDTH]) {
                if (next < 0 || next >= seen.length || seen[next] || !belongs(next)) continue;
                seen[next] = 1;
                stack.push(next);
            }
        }
        return seen.reduce((count, reached, place) => count + (!reached && belongs(place) ? 1 : 0), 0);
    };

    const border = [
        ...Array.from({ length: WIDTH }, (_, x) => x),
        ...Array.from({ length: HEIGHT }, (_, y) => y * WIDTH),
        ...Array.from({ length: HEIGHT }, (_, y) => y * WIDTH + WIDTH - 1),
    ];

    window.sweep = {
        shapes: SHAPES,

        /** Pixels that show the ground through the person, and pixels that are not connected to the shirt. */
        holes: (text) => {
            const data = draw(text);
            const shirt = (HEIGHT - 2) * WIDTH + WIDTH / 2;
            return {
                holes: unreached((place) => data[4 * place + 3] < 128, border),
                loose: unreached((place) => data[4 * place + 3] >= 128, [shirt]),
            };
        },

        /** How many pixels of the person's outline differ between two poses. */
        outlineChange: (text, other) => {
            const [a, b] = [draw(text).slice(), draw(other)];
            return a.reduce((count, _, i) => count + (i % 4 === 3 && Math.abs(a[i] - b[i]) > CHANGED ? 1 : 0), 0);
        },

        /** Where two poses differ. */
        change: (text, other) => {
            const a = draw(text).slice();
            return change(a, draw(other));
        },

        /** The numbers that the view gives, for weights as they may come from the wire. */
        numbers: (weights, head) => {
            const pose = poseFrom(SHAPES, weights, head);
            drawPose(pose);
            return Object.values(view.drawn).flat().concat(Object.values(pose).flat());
        },

        /** The numbers that the view gives for a pose that lacks most of itself. */
        partial: (pose) => {
            drawPose(pose);
            return Object.values(view.drawn).flat();
        },

        /** The mean difference around the mouth between a rolled head, and the upright one rolled as a picture. */
        rolledMouth: (text, roll) => {
            draw(text);
            const upright = document.createElement("canvas");
            [upright.width, upright.height] = [WIDTH, HEIGHT];
            const { mouthCenter: [x, y], scale } = view.drawn;
            const other = upright.getContext("2d", { willReadFrequently: true });
            other.drawImage(canvas, 0, 0);
            const still = context.getImageData(0, 0, WIDTH, HEIGHT).data.slice();
            const rolled = draw(`${text},headRoll:${roll}`);
            const [rx, ry] = view.drawn.mouthCenter;
            let [sum, count] = [0, 0];
            for (let dy = -24; dy <= 24; dy += 1) {
                for (let dx = -40; dx <= 40; dx += 1) {
                    const [u, v] = [dx * scale, dy * scale];
                    const at = (px, py) => 4 * (Math.round(py) * WIDTH + Math.round(px));
                    const [sin, cos] = [Math.sin(roll), Math.cos(roll)];
                    const [i, j] = [at(x + u, y + v), at(rx + u * cos + v * sin, ry + v * cos - u * sin)];
                    for (let k = 0; k < 3; k += 1) sum += Math.abs(still[i + k] - rolled[j + k]);
                    count += 3;
                }
            }
            return sum / count;
        },
    };
}
