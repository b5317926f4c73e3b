"""The face of one part of an item: its audio in as it comes, frames out."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from facewire.animator import Animator
from facewire.clock import SECOND
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.realtime.audio import RealtimeAudio, read_delta
from facewire.realtime.events import FaceFrame

BITE_S = 0.25
"""Seconds of audio that are heard at once, so that other sessions get their turn."""
_DIGITS = 4
"""Of a weight: finer than any renderer shows."""

Key = tuple[str, int]
"""An item's id, and which part of its content."""


@dataclass(slots=True, eq=False)
class ItemFace:
    """Used by one thread at a time; what `hear` and `finish` do not touch, by the event loop."""

    item_id: str
    content_index: int
    response_id: str
    output_index: int
    audio: RealtimeAudio
    began: int
    """When it is heard first, in ns, by an app that plays audio as it comes."""
    open_animator: Callable[[int], Animator] = field(repr=False)
    """Takes the rate of the audio in Hz."""
    bytes_come: int = 0
    frames: int = 0
    """How many were made."""
    over: bool = False
    """Whether it takes no more audio: all came, or it ended early."""
    rested: bool = False
    """Whether it ended early."""
    truncated_at: int | None = None
    """The sample that an app, or a server, named as the first that is not heard."""
    spec: StreamSpec | None = None
    """The geometry of its frames, once it was opened."""
    _animator: Animator | None = None
    _closed: bool = False
    _half: bytes = b""
    """What the last delta ended with, if that was in the middle of a sample."""

    @property
    def key(self) -> Key:
        """What its events name."""
        return self.item_id, self.content_index

    @property
    def samples(self) -> int:
        """How many came."""
        return self.bytes_come // self.audio.sample_bytes

    @property
    def ends(self) -> int:
        """When the audio so far has been heard, in ns, by an app that plays it as it comes."""
        return self.began + self.samples * SECOND // self.audio.sample_rate

    def heard(self, now: int) -> int:
        """Return how many samples such an app has played."""
        played = max(now - self.began, 0) * self.audio.sample_rate // SECOND
        return min(played, self.samples)

    def sample_of_ms(self, ms: float) -> int:
        """Return the sample at a time of the item, as far as it came."""
        # Compared first: of what is huge there is no whole number.
        end_ms = 1000 * self.samples / self.audio.sample_rate
        return min(round(min(max(ms, 0.0), end_ms) * self.audio.sample_rate / 1000), self.samples)

    def ms(self, sample: int) -> float:
        """Return when a sample of the item is heard, from its start."""
        return round(1000 * sample / self.audio.sample_rate, 3)

    @property
    def due(self) -> int:
        """When its next frame is shown, in ns."""
        if self.spec is None:
            return self.began
        rate = self.spec.frame_rate
        return self.began + self.frames * SECOND * rate.denominator // rate.numerator

    def last_frame_before(self, sample: int) -> int | None:
        """Return the index of the last frame that belongs to earlier audio."""
        if self.spec is None:
            return None
        rate = self.spec.frame_rate
        frames = math.ceil(sample * rate.numerator / (rate.denominator * self.audio.sample_rate))
        return frames - 1 if frames else None

    def start_sample(self, frame: int) -> int:
        """Return the sample of the item that a frame belongs to."""
        if self.spec is None:
            return 0
        rate = self.spec.frame_rate
        return round(frame * rate.denominator * self.audio.sample_rate / rate.numerator)

    def open(self) -> None:
        """Open its stream.

        Raises:
            FacewireError: the engine has no place for it, or cannot do it.
        """
        self._animator = self.open_animator(self.audio.sample_rate)
        self.spec = self._animator.spec
        if self._closed:  # meanwhile
            self._animator.close()

    def bites(self, delta: str) -> list[bytes]:
        """Return the audio of a delta in whole samples, a bite at a time.

        Raises:
            WireError: it is no base64.
        """
        data = self._half + read_delta(delta)
        whole = len(data) - len(data) % self.audio.sample_bytes
        self._half = data[whole:]
        longest = round(BITE_S * self.audio.sample_rate) * self.audio.sample_bytes
        return [data[at : min(at + longest, whole)] for at in range(0, whole, longest)]

    def hear(self, bite: bytes) -> list[FaceFrame]:
        """Hear whole samples, and return the frames that they complete."""
        return self._made(lambda animator: animator.push(self.audio.samples(bite)))

    def finish(self) -> list[FaceFrame]:
        """Return the last frames."""
        return self._made(Animator.flush)

    def close(self) -> None:
        """Give back what it holds; it may come from any thread, and twice."""
        self.over = self._closed = True
        animator, self._animator = self._animator, None
        if animator is not None:
            animator.close()

    def _made(self, work: Callable[[Animator], list[BlendshapeFrame]]) -> list[FaceFrame]:
        animator = self._animator
        return list(map(_written, work(animator))) if animator is not None else []


def _written(frame: BlendshapeFrame) -> FaceFrame:
    yaw, pitch, roll = (round(angle, _DIGITS) for angle in frame.head)
    weights = np.round(frame.weights.astype(np.float64), _DIGITS).tolist()
    return FaceFrame(weights, (yaw, pitch, roll), round(frame.speech, _DIGITS))
