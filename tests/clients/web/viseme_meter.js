// Evaluated in the page by test_visemes.py: draws poses on a canvas 300 pixels wide, and measures what of the mouth is seen.
async () => {
    const { FaceView } = await import("./face/face_view.js");
    const { wholePose } = await import("./client/pose.js");
    const [WIDTH, HEIGHT] = [300, 434];
    const canvas = document.createElement("canvas");
    canvas.style.cssText = `position: fixed; left: 0; top: 0; width: ${WIDTH}px; height: ${HEIGHT}px`;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    document.body.append(canvas);
    const view = new FaceView(canvas);

    /** What a pixel of the mouth shows, by the colours that the character has nowhere else there. */
    const KINDS = {
        teeth: ([r, g, b]) => Math.min(r, g, b) > 140 && Math.max(r, g, b) - Math.min(r, g, b) < 46,
        tongueTip: ([r, g, b]) => r > 215 && b > g + 4,
        dark: ([r, g, b]) => Math.max(r, g, b) < 110,
    };

    /** The extent of pixels of a kind: how many, and from where to where. */
    const extent = (pixels) => {
        const [xs, ys] = [pixels.map(([x]) => x), pixels.map(([, y]) => y)];
        const range = (values) => (values.length ? Math.max(...values) - Math.min(...values) + 1 : 0);
        return { count: pixels.length, width: range(xs), height: range(ys), y: ys.reduce((sum, y) => sum + y, 0) / ys.length };
    };

    /** Heights of the first and the last pixel of a kind in each column where there is one. */
    const columns = (pixels) => {
        const found = new Map();
        for (const [x, y] of pixels) found.set(x, [...(found.get(x) ?? []), y]);
        return [...found].sort(([a], [b]) => a - b).map(([, ys]) => [Math.min(...ys), Math.max(...ys)]);
    };

    window.meter = (pose) => {
        view.draw(wholePose(pose));
        const { mouthCenter: [x, y], mouthWidthPx: width, lipsHeightPx: height, scale } = view.drawn;
        const [left, top] = [Math.round(x - width / 2), Math.round(y - height / 2 - 4)];
        const [across, down] = [Math.round(width), Math.round(height + 8)];
        const { data } = context.getImageData(left, top, across, down);
        const seen = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, []]));
        for (let i = 0; i < across * down; i += 1) {
            for (const [kind, is] of Object.entries(KINDS)) {
                if (is(data.slice(4 * i, 4 * i + 3))) seen[kind].push([left + (i % across), top + Math.floor(i / across)]);
            }
        }
        const about = Object.fromEntries(Object.entries(seen).map(([kind, pixels]) => [kind, extent(pixels)]));
        return { ...about, width, height, scale, gap: view.drawn.mouthGapPx, teethColumns: columns(seen.teeth) };
    };

    /** How many pixels two poses differ in clearly. */
    window.meter.change = (pose, other) => {
        const drawn = (one) => {
            view.draw(wholePose(one));
            return context.getImageData(0, 0, WIDTH, HEIGHT).data.slice();
        };
        const [a, b] = [drawn(pose), drawn(other)];
        let count = 0;
        for (let i = 0; i < a.length; i += 4) {
            if (Math.max(Math.abs(a[i] - b[i]), Math.abs(a[i + 1] - b[i + 1]), Math.abs(a[i + 2] - b[i + 2])) > 32) count += 1;
        }
        return count;
    };
}
