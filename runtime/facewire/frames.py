"""The values that flow: audio chunks in, blendshape frames out. All frozen, all on one clock.

Time is a sample index at the engine's sample rate: a frame's `timestamp` means "show this face
when you play this sample". Wall time appears only in `Stamps`, for latency accounting.
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.emotion import Emotion

Samples = NDArray[np.float32]
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AudioChunk:
    """A run of consecutive mono samples, as long as the source likes to make it."""

    samples: Samples
    """[T], in [-1, 1]."""
    start: int
    """Index of the first sample."""
    sample_rate: int
    """Hz."""
    captured: int = 0
    """Wall time in ns when the last sample reached us; 0 where nobody accounts for latency."""
    due: int = 0
    """Wall time in ns when somebody plays the last sample, if it came before; 0 is `captured`."""

    @property
    def end(self) -> int:
        """Index of the first sample after the chunk."""
        return self.start + len(self.samples)


@dataclass(frozen=True, slots=True)
class Stamps:
    """When a frame passed each stage: wall time of the emitting process, in ns, 0 if unknown."""

    captured: int = 0
    """The last sample that the frame needed reached us."""
    started: int = 0
    """The engine began to work on that sample."""
    encoded: int = 0
    """The encoder was done with it."""
    decoded: int = 0
    """The decoder was done with the frame."""
    faced: int = 0
    """The face stage was done with the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class BlendshapeFrame:
    """One face."""

    weights: Weights
    """[52], in [0, 1], in the order of `arkit.NAMES`."""
    index: int
    """Position in the stream, from 0, without gaps when it leaves the engine."""
    timestamp: int
    """The sample that this face belongs to."""
    turn: int = 0
    """Which utterance of the stream; a microphone has one."""
    speech: float = 1.0
    """How sure the engine is that someone speaks at `timestamp`, in [0, 1]."""
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Yaw, pitch and roll of the head, in radians."""
    emotion: Emotion | None = None
    """What the speaker feels at `timestamp`; None is what the face's profile says."""
    stamps: Stamps = Stamps()
    provisional: bool = False
    """Whether it was made without look-ahead, and a frame of the same index corrects it later."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """The geometry of one stream, chosen when its session opens."""

    sample_rate: int = 16_000
    """Hz."""
    frame_rate: Fraction = Fraction(60)
    """Frames per second."""
    lookahead: int = 1_280
    """How many samples after its timestamp a frame may depend on."""
    names: tuple[str, ...] = field(default=arkit.NAMES, repr=False)

    def __post_init__(self) -> None:
        if self.sample_rate <= 0 or self.frame_rate <= 0 or self.lookahead < 0:
            raise ValueError(f"impossible stream: {self}")

    @property
    def lookahead_ms(self) -> float:
        """The look-ahead in milliseconds."""
        return 1000 * self.lookahead / self.sample_rate

    def timestamp(self, index: int) -> int:
        """Return the sample of frame `index`: one multiplication, so nothing accumulates."""
        rate = self.frame_rate
        return index * self.sample_rate * rate.denominator // rate.numerator

    def frame_count(self, samples: int) -> int:
        """Return how many frames have their timestamp before sample `samples`."""
        rate = self.frame_rate
        return -(-samples * rate.numerator // (self.sample_rate * rate.denominator))
