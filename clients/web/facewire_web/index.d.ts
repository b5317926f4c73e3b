/** Types of the npm package `facewire`. Samples are mono; times in ms are performance.now()'s. */

/** Names of ARKit's 52 shapes, such as "jawOpen". */
export const SHAPES: readonly string[];

/** Weights by ARKit's names, 0 to 1, and how the head is held: yaw (to the speaker's left), pitch (down), roll (left ear up), radians. */
export interface Pose {
  [shape: string]: number | number[];
  head: number[];
}
export function neutralPose(): Pose;
/** What is missing, or no number, is at rest. */
export function poseFrom(names: readonly string[], weights: ArrayLike<number>, head?: ArrayLike<number>): Pose;
/** Read "jawOpen:0.8,mouthSmile:0.5,headYaw:0.2". @throws {Error} a name or a value is not understood */
export function parsePose(text: string): Pose;
/** Without what moves where nobody speaks: head, gaze, lids and brows. */
export function calmPose(pose: Pose): Pose;
export function mixPoses(a: Pose, b: Pose, share: number): Pose;

/** Why there is no connection, or none any more; the codes are listed in client/face_error.js. */
export class FaceError extends Error {
  constructor(message: string, code: string);
  readonly code: string;
}
/** Whether the server may come back by itself. */
export function isAway(error: { code?: string } | null | undefined): boolean;

/** What the frames of a stream mean. */
export interface Hello {
  names: string[];
  /** Numerator and denominator, frames a second. */
  frame_rate: [number, number];
  sample_rate: number;
  /** Samples that a face waits for beyond its own. */
  lookahead: number;
  /** Samples between two steps of the engine. */
  hop: number;
  engine: string;
  /** Of which a session may ask for shares; left out where the engine has none. */
  styles?: string[];
  [more: string]: unknown;
}

/** Milliseconds since the last sample that the frame needed was captured, by stage. */
export interface Latency {
  queue: number;
  encode: number;
  decode: number;
  face: number;
  send: number;
  transport: number;
  total: number;
}

export interface Frame {
  /** Which turn of speech; 0 at rest. */
  turn: number;
  /** 0, 1, 2 … within the stream; a gap means frames that were skipped. */
  index: number;
  /** The sample that this face belongs to, at the hello's sample rate. */
  timestamp: number;
  /** How sure the engine is that someone speaks, 0 to 1. */
  speech: number;
  head: number[];
  /** In the order of the hello's names. */
  weights: Float32Array;
  pose: Pose;
  /** Whether a frame of the same index, which has heard its look-ahead, corrects it later. */
  provisional: boolean;
  receivedMs: number;
  latency: Latency | null;
}

/** Where the server's clock stands against this page's. */
export interface ClockOffset {
  /** Server time minus page time, ms; null before the first ping. */
  readonly ms: number | null;
  readonly roundTripMs: number | null;
}

/** One connection, which is made once: another one needs another client. */
declare class Connection {
  /** @param server such as "ws://127.0.0.1:8765"; http and https are understood too */
  constructor(server: string | URL);
  readonly server: string;
  onframe: ((frame: Frame) => void) | null;
  /** Connected; the hello follows. */
  onopen: (() => void) | null;
  /** null: closed as it should be. */
  onclose: ((reason: FaceError | null) => void) | null;
  readonly hello: Hello | null;
  readonly clock: ClockOffset;
  /** How many came. */
  readonly frames: number;
  /** Leave; onclose is not called, and whatever is waited for fails with the code "left". */
  close(): void;
}

export interface Ended {
  frames: number;
  dropped: number;
  late: number;
}
export interface Silence {
  start: number;
  samples: number;
  total: number;
}
export interface SessionOptions {
  sampleRate: number;
  lookaheadMs?: number;
  /** "60", or a fraction such as "30000/1001". */
  frameRate?: string;
  /** Whether the face lives by itself: blinks, gaze, head. */
  idle?: boolean;
  /** Each frame comes twice: at once, without look-ahead, and again when that is heard. */
  provisional?: boolean;
  /** What the speaker feels; null: what the server's profile says. */
  emotion?: Emotion | null;
  /** How the face moves: shares by the names of a hello's `styles`, at most 1 together; null: as is usual for the server. */
  style?: Record<string, number> | null;
}

export type Feeling = "happy" | "angry" | "sad" | "afraid" | "disgusted" | "melancholic" | "surprised" | "calm";
/** Shares, each from 0 to 1; that of `voice` is how much is added of what the voice itself tells. */
export type Emotion = Partial<Record<Feeling | "voice", number>>;

/** What to show at once of a stream of provisional frames and their corrections. */
export class ProvisionalBlend {
  /** @param share of the last error that is expected again, 0 to 1 */
  constructor(share?: number);
  /** Give it every frame. @returns what to show now; null for a correction */
  take(frame: Frame): Frame | null;
}

/** A stream of faces: the server's live one, or one made from your own audio. */
export class FaceClient extends Connection {
  onaudio: ((start: number, samples: Int16Array) => void) | null;
  onend: ((end: Ended) => void) | null;
  onlookahead: ((hello: Hello) => void) | null;
  onsilence: ((silence: Silence) => void) | null;
  /** From your sample `start` on, your sample s is sample s + `total` of the stream. */
  readonly silence: Silence | null;
  readonly dropped: number;
  /** Watch the live stream. @throws {FaceError} there is none */
  watch(options?: { audio?: boolean }): Promise<Hello>;
  /** Start a session of your own. @throws {FaceError} the server has none for you */
  openSession(options: SessionOptions): Promise<Hello>;
  /** @returns whether they were sent, and not left out because the network is too slow */
  sendAudio(samples: Float32Array): boolean;
  setLookahead(ms: number): void;
  /** Let the speaker feel something else from the next audio on; null: what the server's profile says. */
  setEmotion(emotion: Emotion | null): void;
  /** No more audio comes. @returns the server's end, after the last frames */
  end(): Promise<Ended>;
}

export interface Voice {
  voice?: string;
  language?: string;
  /** Words a minute. */
  rate?: number;
  /** 0 to 100. */
  pitch?: number;
  /** What of the voice its face is made from; latents are for hibari only. */
  face?: "phones" | "latents";
}
export interface TurnBegins {
  turn: number;
  sample: number;
  at: number;
}
export interface TurnWords {
  turn: number;
  words: { word: string; start: number; end: number }[];
}
export interface TurnEnds {
  turn: number;
  sample: number | null;
  face_lead_ms: { first: number; least: number; median: number } | null;
}
export interface Problem {
  turn: number;
  message: string;
}

export interface OwnSpeech {
  /** false where only speech of your own comes, for which the server needs no voice. */
  text?: boolean;
  /** Hz, of the audio that you send. */
  sampleRate?: number;
}

/** Turns of speech: text or audio in, sound and faces out, on one clock. It plays nothing; SpeechPlayer does. */
export class SpeakClient extends Connection {
  onaudio: ((audio: { turn: number; start: number; samples: Int16Array }) => void) | null;
  onturn: ((turn: TurnBegins) => void) | null;
  onwords: ((words: TurnWords) => void) | null;
  onturnend: ((end: TurnEnds) => void) | null;
  oninterrupted: ((answer: Record<string, unknown>) => void) | null;
  onproblem: ((problem: Problem) => void) | null;
  /** @param options leadMs: how long before they are heard faces and sound leave the server */
  open(options: Voice & OwnSpeech & { leadMs?: number; pacing?: "real-time" | "burst"; emotion?: Emotion | null }): Promise<Hello>;
  /** @param turn higher than all before */
  say(turn: number, text: string, mode?: "queue" | "cut"): void;
  /** Begin a turn of your own speech. @param options alignment: its times will be pushed, too */
  begin(turn: number, options?: { alignment?: boolean; mode?: "queue" | "cut" }): void;
  sendAudio(turn: number, samples: Float32Array): void;
  /** Pass on the times that a TTS told; docs/alignment.md lists the formats. */
  pushAlignment(turn: number, format: string, data: unknown, options?: { offsetMs?: number }): void;
  endTurn(turn: number): void;
  /** Let the speaker feel something else from the next face on; null: what the server's profile says. */
  setEmotion(emotion: Emotion | null): void;
  interrupt(): void;
  pause(sample: number | null): void;
  resume(): void;
  /** Tell which sample is heard when. */
  setPlayout(sample: number, atMs?: number | null): void;
}

export type SpeechState = "closed" | "opening" | "resting" | "speaking" | "paused" | "failed";
export interface SpeechListener {
  onstate(state: SpeechState, error: FaceError | null): void;
  onhello(hello: Hello): void;
  onframe(frame: Frame): void;
  onturnend(end: TurnEnds): void;
  onproblem(sentence: string): void;
  /** Why nothing is heard; empty when it is again. */
  onsound(sentence: string): void;
}
export interface Shown {
  frame: Frame;
  pose: Pose;
  /** What the pose belongs to. */
  sample: number;
}

/** Speaks text: plays the sound, and has the face for the sample that is heard. */
export class SpeechPlayer {
  constructor(server: string, listener: SpeechListener);
  readonly state: SpeechState;
  readonly client: SpeakClient | null;
  readonly sound: SoundPlayer | null;
  /** Turns that are spoken or wait for it. */
  readonly pending: number;
  /** The sample at the listener's ear. */
  readonly heard: number | null;
  /** The turn that is heard now, or 0. */
  readonly hearing: number;
  readonly idleSinceMs: number;
  open(voice: Voice): Promise<Hello>;
  /** Connect and start the sound, before there is anything to say; call it from a click or a key. */
  prepare(voice: Voice): Promise<void>;
  /** Call it from a click or a key: browsers start sound only then. @returns the turn's number */
  say(text: string, options?: { cut?: boolean; voice?: Voice }): Promise<number>;
  stop(): void;
  pause(): void;
  resume(): Promise<void>;
  /** What to draw, or null if what is on the screen is still right. */
  at(nowMs: number, aheadMs: number): Shown | null;
  close(): void;
  dispose(): void;
}

/** Which item of a realtime session is heard, and how many ms of it were. */
export interface RealtimePosition {
  itemId: string;
  ms: number;
  contentIndex?: number;
}

/** The faces that `facewire realtime` adds to a voice session, for the sound that the page plays. */
export class RealtimeFaces {
  constructor();
  /** @param event of the session, as JSON text or parsed @returns whether it was about a face */
  take(event: string | object): boolean;
  /** The face for now; at rest where nothing is heard. */
  at(nowMs: number, position: RealtimePosition | null): Pose;
  /** Show the face on each repaint. */
  start(position: () => RealtimePosition | null, show: (pose: Pose) => void): void;
  stop(): void;
}

/** Decides which face to show now. */
export class FramePlayout {
  constructor(kept?: number);
  readonly delayMs: number;
  reset(sampleRate: number): void;
  push(frame: Frame): void;
  drop(isVoid: (frame: Frame) => boolean): void;
  at(nowMs: number, heard: number | null): Shown | null;
  evenMs(frame: Frame): number;
  dueAt(nowMs: number): number | null;
}

/** What the picture shows, in CSS pixels. */
export interface Drawn {
  mouthGapPx: number;
  mouthWidthPx: number;
  lipsHeightPx: number;
  mouthCenter: number[];
  eyeOpenLeftPx: number;
  eyeOpenRightPx: number;
  chinYPx: number;
  scale: number;
}

/** The drawn face, on one canvas, as large as its box. */
export class FaceView {
  constructor(canvas: HTMLCanvasElement);
  readonly canvas: HTMLCanvasElement;
  readonly pose: Pose;
  readonly drawn: Drawn;
  draw(pose: Partial<Pose>): Drawn;
  close(): void;
}

export type SoundState = "opening" | "running" | "paused" | "stopped" | "closed";

/** Plays audio by its sample numbers, and knows which sample is being heard. */
export class SoundPlayer {
  /** Make it in a click or a key. @throws {Error} the browser gives no audio context */
  constructor(options?: { sampleRate?: number | null });
  onstate: ((state: SoundState) => void) | null;
  onshift: (() => void) | null;
  readonly state: SoundState;
  readonly ready: Promise<void>;
  readonly output: AudioNode;
  readonly delay: { wanted: number; actual: number } | null;
  readonly heard: number | null;
  readonly due: number | null;
  begin(stream: { sampleRate: number; delayS: number; live: boolean }): void;
  push(start: number, samples: Int16Array): void;
  expect(sample: number, spareS: number): void;
  hold(): number | null;
  goOn(sample: number): void;
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): void;
}

/** Why there is no microphone, in one sentence. */
export class MicrophoneError extends Error {}

/** The browser's microphone as mono blocks of 10 ms. */
export class Microphone {
  /** Call it from a click. @throws {MicrophoneError} there is none, or it may not be used */
  static open(options?: { signal?: AbortSignal }): Promise<Microphone>;
  readonly sampleRate: number;
  /** Loudness of the last block, root mean square. */
  readonly level: number;
  onlost: ((reason: MicrophoneError) => void) | null;
  start(onsamples: (samples: Float32Array) => void): void;
  close(): void;
}
