"""What the end of an agent's chain played, and how its faces lie beside it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from facewire.clock import MILLISECOND, SECOND
from facewire.frames import BlendshapeFrame

FACE_RATE = 16_000


class PlayedPiece(Protocol):
    """A piece of sound, and when it began to be played."""

    @property
    def when(self) -> int: ...

    @property
    def samples(self) -> int: ...

    @property
    def sample_rate(self) -> int: ...


def heard_until(played: Sequence[PlayedPiece], now: int) -> int:
    """Return how many samples have been played."""
    return sum(
        min(max(0, (now - one.when) * one.sample_rate // SECOND), one.samples) for one in played
    )


def offsets_ms(
    faces: Sequence[tuple[int, BlendshapeFrame]], played: Sequence[PlayedPiece]
) -> list[float]:
    """Return how late after its sound each face of a turn was shown.

    The first sound of the turn was that of the first piece, and it has no breaks.
    """
    begin = faces[0][1].timestamp
    ends = np.cumsum([one.samples / one.sample_rate for one in played])
    late = []
    for when, frame in faces:
        second = (frame.timestamp - begin) / FACE_RATE
        at = int(np.searchsorted(ends, second, side="right"))
        if at == len(played):
            break
        into = second - (ends[at - 1] if at else 0.0)
        late.append(float((when - played[at].when) / MILLISECOND - 1000 * into))
    return late
