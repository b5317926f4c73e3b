// Uses every part of the npm package as its types say; `tsc --strict` compiles it, and nothing runs it.

import { FaceClient, FaceError, FaceView, FramePlayout, Microphone, RealtimeFaces, SHAPES, SoundPlayer, SpeakClient, SpeechPlayer } from "facewire";
import { calmPose, isAway, mixPoses, neutralPose, parsePose, poseFrom } from "facewire";
import type { Frame, Hello, Pose, SpeechListener } from "facewire";
import { AvatarError, AvatarView } from "facewire/avatar";

export async function faces(canvas: HTMLCanvasElement): Promise<number> {
  const view = new FaceView(canvas);
  const client = new FaceClient(new URL("wss://example.org/?token=a"));
  client.onframe = ({ pose, latency }: Frame) => {
    if ((latency?.total ?? 0) < 500) view.draw(pose);
  };
  client.onclose = (reason) => console.log(reason instanceof FaceError && isAway(reason) ? "away" : reason?.code);
  const hello: Hello = await client.openSession({ sampleRate: 48_000, lookaheadMs: 40, frameRate: "30000/1001" });
  client.setLookahead(0);
  const sent: boolean = client.sendAudio(new Float32Array(480));
  const { frames, late } = await client.end();
  return sent ? hello.frame_rate[0] + frames + late + view.drawn.mouthGapPx : client.frames;
}

export async function speech(listener: SpeechListener): Promise<number> {
  const client = new SpeakClient("ws://127.0.0.1:8765");
  client.onaudio = ({ turn, start, samples }) => console.log(turn, start, samples.length);
  client.onwords = ({ words }) => console.log(words.map(({ word, end }) => `${word} ${end}`));
  await client.open({ language: "en-gb", rate: 180, leadMs: 300 });
  client.say(1, "Hello.", "cut");
  client.setPlayout(16_000, performance.now());
  const player = new SpeechPlayer("ws://127.0.0.1:8765", listener);
  const turn: number = await player.say("Hello.", { cut: true, voice: { pitch: 60 } });
  const shown = player.at(performance.now(), 8);
  return shown ? shown.frame.index + shown.sample : turn;
}

export function realtime(canvas: HTMLCanvasElement, session: WebSocket, heard: () => number | null): RealtimeFaces {
  const [faces, view] = [new RealtimeFaces(), new FaceView(canvas)];
  session.onmessage = ({ data }: MessageEvent<string>) => {
    if (!faces.take(data)) console.log(JSON.parse(data));
  };
  faces.start(() => ((ms) => (ms === null ? null : { itemId: "item_1", ms }))(heard()), (pose) => view.draw(pose));
  return faces;
}

export async function avatar(canvas: HTMLCanvasElement, file: File): Promise<readonly string[]> {
  try {
    const view = await AvatarView.open(canvas, await file.arrayBuffer(), { name: file.name });
    view.draw({ ...neutralPose(), head: [0.1, 0, 0] });
    return view.about.by === "shapes" ? view.about.names : Object.keys(view.drawn.weights);
  } catch (error) {
    return error instanceof AvatarError ? [error.message] : SHAPES;
  }
}

export async function parts(): Promise<Pose> {
  const sound = new SoundPlayer({ sampleRate: 16_000 });
  sound.begin({ sampleRate: 16_000, delayS: 0.1, live: true });
  const microphone = await Microphone.open({ signal: AbortSignal.timeout(1000) });
  microphone.start((samples) => sound.push(0, Int16Array.from(samples)));
  const playout = new FramePlayout();
  playout.reset(16_000);
  const shown = playout.at(performance.now(), sound.heard);
  return shown?.pose ?? calmPose(mixPoses(parsePose("jawOpen:0.4"), poseFrom(["jawOpen"], [1], [0, 0, 0]), 0.5));
}

// @ts-expect-error a client connects to something
new FaceClient();
// @ts-expect-error there is no such state
export const state: ReturnType<typeof speech> extends Promise<string> ? true : never = true;
