"""A volume meter: the louder, the wider the jaw. The baseline that a real engine has to beat."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from facewire import arkit
from facewire.clock import Clock
from facewire.frames import AudioChunk, BlendshapeFrame, Samples, Stamps, StreamSpec
from facewire_engines.hop_intake import SAMPLE_RATE, HopIntake, stream_spec

HOP = 160
"""Samples whose loudness is measured together."""
REACH = 640
"""Samples on each side of a frame that its loudness is averaged over, as look-ahead allows."""
MAX_LOOKAHEAD_MS = 1_000

QUIET_DB = -50.0
LOUD_DB = -10.0
"""Loudness, relative to full scale, at which the jaw is shut, and open as far as it goes."""

_SHAPES = {"jawOpen": 0.7, "mouthLowerDownLeft": 0.25, "mouthLowerDownRight": 0.25}
_WIDE_OPEN = np.array([_SHAPES.get(name, 0.0) for name in arkit.NAMES], np.float32)


@dataclass(frozen=True, slots=True)
class EnergyEngine:
    """An engine without a model."""

    name: str = "energy"
    sample_rate: int = SAMPLE_RATE
    hop: int = HOP

    def session(
        self,
        *,
        frame_rate: Fraction = Fraction(60),
        lookahead_ms: float = 80.0,
        clock: Clock | None = None,
    ) -> "EnergySession":
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        return EnergySession(stream_spec(frame_rate, lookahead_ms, MAX_LOOKAHEAD_MS), clock)


class EnergySession:
    """All that is remembered about one stream. Used by one thread at a time."""

    def __init__(self, spec: StreamSpec, clock: Clock | None) -> None:
        self.spec = spec
        self._clock = clock
        self._intake = HopIntake(spec, HOP)
        self._levels: list[float] = []
        """Of the hops that a frame to come may look at."""
        self._forgotten = 0
        """Hops before the first of `_levels`."""
        self._frames = 0

    def push(self, chunk: AudioChunk) -> list[BlendshapeFrame]:
        """Take the next samples and return the frames that they complete.

        Raises:
            ValueError: the chunk does not start where the last one ended, or has another rate.
        """
        return self._take(self._intake.push(chunk), chunk.captured)

    def flush(self) -> list[BlendshapeFrame]:
        """End the stream and return its last frames, as if silence followed."""
        return self._take(self._intake.flush(), self._now())

    def set_lookahead(self, lookahead_ms: float) -> int:
        """Let frames listen further ahead, or less far, from now on; see `TunableSession`.

        Raises:
            ConfigError: it is out of range.
        """
        self.spec = stream_spec(self.spec.frame_rate, lookahead_ms, MAX_LOOKAHEAD_MS)
        return self._intake.retune(self.spec, self._frames, self._forgotten + len(self._levels))

    def _take(self, hops: Samples, captured: int) -> list[BlendshapeFrame]:
        started = self._now()
        # Hop by hop, so that no bit of a sum depends on how the audio was chunked.
        self._levels += [_level(hop) for hop in hops]
        return self._ready(Stamps(captured=captured, started=started, encoded=self._now()))

    def _ready(self, stamps: Stamps) -> list[BlendshapeFrame]:
        frames: list[BlendshapeFrame] = []
        hops = self._forgotten + len(self._levels)
        while self._intake.is_due(timestamp := self.spec.timestamp(self._frames), hops):
            frames.append(self._decode(timestamp, stamps))
            self._frames += 1
        return frames

    def _decode(self, timestamp: int, stamps: Stamps) -> BlendshapeFrame:
        first = max((timestamp - REACH) // HOP, 0)
        last = (timestamp + min(self.spec.lookahead, REACH)) // HOP
        del self._levels[: max(first - self._forgotten, 0)]
        self._forgotten = max(first, self._forgotten)
        heard = self._levels[: last - self._forgotten]
        level = math.fsum(heard) / len(heard) if heard else 0.0
        return BlendshapeFrame(
            weights=_WIDE_OPEN * np.float32(level),
            index=self._frames,
            timestamp=timestamp,
            speech=min(1.0, 4 * level),
            stamps=Stamps(stamps.captured, stamps.started, stamps.encoded, self._now()),
        )

    def _now(self) -> int:
        return self._clock.now() if self._clock else 0


def _level(hop: Samples) -> float:
    """Return how loud a hop is, from 0 to 1."""
    power = float(np.mean(np.square(hop, dtype=np.float64)))
    loudness_db = 10 * math.log10(power + 1e-12)
    return min(max((loudness_db - QUIET_DB) / (LOUD_DB - QUIET_DB), 0.0), 1.0)
