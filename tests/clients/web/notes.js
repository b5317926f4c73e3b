// Evaluated in the page by test_web_speaking.py.
async () => {
    const { speech } = facewire;
    const source = `registerProcessor("record", class extends AudioWorkletProcessor {
        process([input]) {
            if (input[0]) this.port.postMessage([currentFrame, input[0].slice()]);
            return true;
        }
    })`;
    const { output } = speech.sound;
    const { context } = output;
    const module = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    await context.audioWorklet.addModule(module);
    const node = new AudioWorkletNode(context, "record");
    output.connect(node);
    window.record = { played: [], drawn: [] };
    node.port.onmessage = ({ data }) => record.played.push(data);
    const heardAt = () => {
        const { contextTime, performanceTime } = context.getOutputTimestamp();
        const time = contextTime + (performance.now() - performanceTime) / 1000;
        return Math.min(context.currentTime, time) * context.sampleRate;
    };
    const at = speech.at.bind(speech);
    speech.at = (...now) => {
        const [before, hearing] = [heardAt(), speech.hearing];
        const shown = at(...now);
        record.face = shown ?? record.face;
        if (!record.face) return shown;
        record.drawn.push({
            before, after: heardAt(), sample: record.face.sample, turn: record.face.frame.turn,
            jaw: record.face.pose.jawOpen, hearing,
        });
        return shown;
    };
    document.getElementById("say-stop").addEventListener("click", () => {
        const at = context.currentTime * context.sampleRate;
        record.stopped = { at, draws: record.drawn.length };
    }, { capture: true });
}
