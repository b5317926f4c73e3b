/** What the npm package `facewire` gives; index.d.ts has its types. `facewire/avatar` draws a GLB or VRM instead. */

export { FaceClient } from "./client/face_client.js";
export { FaceError, isAway } from "./client/face_error.js";
export { FramePlayout } from "./client/frame_playout.js";
export { ProvisionalBlend } from "./client/provisional_blend.js";
export { SHAPES, calmPose, mixPoses, neutralPose, parsePose, poseFrom } from "./client/pose.js";
export { SpeakClient } from "./client/speak_client.js";
export { FaceView } from "./face/face_view.js";
export { RealtimeFaces } from "./realtime/realtime_faces.js";
export { Microphone, MicrophoneError } from "./sound/microphone.js";
export { SoundPlayer } from "./sound/sound_player.js";
export { SpeechPlayer } from "./speech/speech_player.js";
