"""What an Audio2Face-3D client is answered: the header, and frames with their sound."""

import uuid
from collections.abc import Sequence
from typing import Any, Protocol

from facewire import arkit
from facewire.audio.format import AudioFormat
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.server.audio2face.messages import END_OF_PROCESSING, load_messages

SHAPES = tuple(name[0].upper() + name[1:] for name in arkit.NAMES)
"""NVIDIA's names, in its order: that of Live Link Face."""


class Answers(Protocol):
    """How one of NVIDIA's services words what is not a frame; frames are alike in all of them."""

    def header(self, audio_header: Any, epoch_s: float) -> bytes:
        """Return the answer that comes first.

        Args:
            audio_header: of the client; its audio comes back as it was.
            epoch_s: the time of day when the stream began, in seconds since 1970.
        """
        ...

    def end(self) -> tuple[bytes, ...]:
        """Return what says that no more frames are made."""
        ...

    def status(self, code: int, message: str) -> bytes:
        """Return an answer that says how it goes."""
        ...


class ControllerAnswers:
    """The words of `A2FControllerService`."""

    _KIND = "AnimationDataStream"

    def header(self, audio_header: Any, epoch_s: float) -> bytes:
        """Return the answer that comes first."""
        header = _header_fields(audio_header, epoch_s)
        return _written(self._KIND, animation_data_stream_header=header)

    def end(self) -> tuple[bytes, ...]:
        """Return the event that says that no more frames are made."""
        return (_written(self._KIND, event={"event_type": END_OF_PROCESSING}),)

    def status(self, code: int, message: str) -> bytes:
        """Return an answer that says how it goes."""
        return _written(self._KIND, status={"code": code, "message": message})


class PulledAnswers:
    """The words of `AnimationDataService`, which name whose faces they are."""

    _KIND = "PulledAnimationDataStream"

    def __init__(self, ids: Any = None) -> None:
        """Get ready; `ids` are the `AnimationIds` that the audio came with."""
        self._ids = ids

    def header(self, audio_header: Any, epoch_s: float) -> bytes:
        """Return the answer that comes first."""
        whose = {"animation_ids": self._ids, "source_service_id": "facewire"}
        header = {**_header_fields(audio_header, epoch_s), **whose}
        return _written(self._KIND, animation_data_stream_header=header)

    def end(self) -> tuple[bytes, ...]:
        """Return nothing: the status says it."""
        return ()

    def status(self, code: int, message: str) -> bytes:
        """Return an answer that says how it goes."""
        return _written(self._KIND, status={"code": code, "message": message})


class PushedAnswers:
    """The word of `A2FService`: how it went, once it is over; the faces go to somebody else."""

    def status(self, code: int, message: str) -> bytes:
        """Return the answer."""
        return _written("Status", code=code, message=message)


def new_ids() -> bytes:
    """Return the answer to who asks for `AnimationIds`: a stream that nobody else has."""
    return _written("AnimationIdsOrStatus", animation_ids={"stream_id": str(uuid.uuid4())})


def _header_fields(audio_header: Any, epoch_s: float) -> dict[str, Any]:
    return {
        "audio_header": audio_header,
        "skel_animation_header": {"blend_shapes": SHAPES},
        "start_time_code_since_epoch": epoch_s,
    }


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
        # Of the same number in the messages of both services.
        return _written("AnimationDataStream", animation_data=data)


def _written(kind: str, **part: Any) -> bytes:
    return bytes(load_messages()[kind](**part).SerializeToString())
