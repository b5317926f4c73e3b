"""A volume meter: the louder, the wider the jaw. The baseline that a real engine has to beat."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.clock import Clock
from facewire.frames import Samples, StreamSpec
from facewire_engines.hearing.hop_intake import SAMPLE_RATE, stream_spec
from facewire_engines.hearing.hop_session import TunableHopSession

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
    ) -> TunableHopSession:
        """Open a stream; with a clock, its frames carry stage stamps.

        Raises:
            ConfigError: the look-ahead or the frame rate is out of range.
        """
        spec = stream_spec(frame_rate, lookahead_ms, MAX_LOOKAHEAD_MS)
        hearing = EnergyHearing()
        return TunableHopSession(hearing, spec, clock, hop=HOP, longest_ms=MAX_LOOKAHEAD_MS)


class EnergyHearing:
    """All that is remembered about one stream."""

    def __init__(self) -> None:
        self._levels: list[float] = []
        """Of the hops that a frame to come may look at."""
        self._forgotten = 0
        """Hops before the first of `_levels`."""

    def hear(self, samples: Samples) -> None:
        """Remember how loud a hop was."""
        self._levels.append(_level(samples))

    def face(self, timestamp: int, spec: StreamSpec) -> tuple[NDArray[np.float32], float]:
        """Open the jaw as far as the hops around a moment were loud."""
        first = max((timestamp - REACH) // HOP, 0)
        last = (timestamp + min(spec.lookahead, REACH)) // HOP
        del self._levels[: max(first - self._forgotten, 0)]
        self._forgotten = max(first, self._forgotten)
        heard = self._levels[: last - self._forgotten]
        level = math.fsum(heard) / len(heard) if heard else 0.0
        return _WIDE_OPEN * np.float32(level), min(1.0, 4 * level)


def _level(hop: Samples) -> float:
    """Return how loud a hop is, from 0 to 1."""
    power = float(np.mean(np.square(hop, dtype=np.float64)))
    loudness_db = 10 * math.log10(power + 1e-12)
    return min(max((loudness_db - QUIET_DB) / (LOUD_DB - QUIET_DB), 0.0), 1.0)
