"""What an Audio2Face-3D client is answered: the header, and frames with their sound."""

from collections.abc import Sequence
from typing import Any

from facewire import arkit
from facewire.audio.format import AudioFormat
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.server.audio2face.messages import END_OF_PROCESSING, load_messages

SHAPES = tuple(name[0].upper() + name[1:] for name in arkit.NAMES)
"""NVIDIA's names, in its order: that of Live Link Face."""


def stream_header(audio_header: Any, epoch_s: float) -> bytes:
    """Return the answer that comes first.

    Args:
        audio_header: of the client; its audio comes back as it was.
        epoch_s: the time of day when the stream began, in seconds since 1970.
    """
    header = {
        "audio_header": audio_header,
        "skel_animation_header": {"blend_shapes": SHAPES},
        "start_time_code_since_epoch": epoch_s,
    }
    return _written(animation_data_stream_header=header)


def end_of_processing() -> bytes:
    """Return the event that says that no more frames are made."""
    return _written(event={"event_type": END_OF_PROCESSING})


class AnimationWriter:
    """Puts each frame together with the sound until the next one. Used by one thread at a time."""

    def __init__(self, audio_format: AudioFormat, spec: StreamSpec) -> None:
        self._format = audio_format
        self._spec = spec
        self._held = bytearray()
        """Sound that no frame has taken yet."""
        self._first = 0
        """Index of its first sample, at the client's rate."""

    def hear(self, pcm: bytes) -> None:
        """Take the next sound."""
        self._held += pcm

    def write(self, frames: Sequence[BlendshapeFrame]) -> list[bytes]:
        """Return an answer for each frame, with as much of its sound as is there."""
        return [self._animation(frame, self._cut(self._until(frame))) for frame in frames]

    def finish(self, frames: Sequence[BlendshapeFrame]) -> list[bytes]:
        """Return answers with the last frames and all the sound that is left."""
        answers = self.write(frames[:-1])
        last = frames[-1] if frames else None
        if last is not None or self._held:
            answers.append(self._animation(last, bytes(self._held)))
        return answers

    def _until(self, frame: BlendshapeFrame) -> int:
        """Return the sample of the client's where the next frame begins."""
        return int((frame.index + 1) * self._format.sample_rate / self._spec.frame_rate)

    def _cut(self, until: int) -> bytes:
        size = max(until - self._first, 0) * self._format.frame_bytes
        cut = bytes(self._held[:size])
        del self._held[:size]
        return cut

    def _animation(self, frame: BlendshapeFrame | None, pcm: bytes) -> bytes:
        start = self._first
        self._first += len(pcm) // self._format.frame_bytes
        data: dict[str, Any] = {}
        if frame is not None:
            shown = {
                "time_code": float(frame.index / self._spec.frame_rate),
                "values": frame.weights.tolist(),
            }
            data["skel_animation"] = {"blend_shape_weights": [shown]}
        if pcm:
            data["audio"] = {"time_code": start / self._format.sample_rate, "audio_buffer": pcm}
        return _written(animation_data=data)


def _written(**part: Any) -> bytes:
    return bytes(load_messages()["AnimationDataStream"](**part).SerializeToString())
