"""What goes along with the mouth: cheeks with smiles, the nose with the upper lip, the chin."""

import math

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.face.idle.amounts import COMPANION_LAG, COMPANIONS
from facewire.face.profile import Profile
from facewire.face.regions import both_sides, indices
from facewire.frames import Weights

_CHEEKS = ("cheekSquint", "eyeSquint")


class Companions:
    """Moves shapes that speech leaves still with the ones that it moves."""

    def __init__(self, profile: Profile) -> None:
        rows = _rows()
        self._to = indices(*rows)
        gains = [
            profile.cheek_strength if name.startswith(_CHEEKS) else profile.nose_chin_strength
            for name in rows
        ]
        self._shares: NDArray[np.float32] = np.stack(list(rows.values()))
        self._shares *= np.array(gains, np.float32)[:, None]
        self._moved: Weights = np.zeros(len(rows), np.float32)

    def step(self, weights: Weights, dt: float) -> None:
        """Move shapes of weights `[52]` in place, `dt` seconds after the last ones.

        An engine that moves them by itself is not outdone: what is more counts.
        """
        goal: Weights = np.asarray(self._shares @ weights, np.float32)
        left = np.float32(math.exp(-dt / COMPANION_LAG))
        self._moved = np.asarray(goal + left * (self._moved - goal), np.float32)
        weights[self._to] = np.maximum(weights[self._to], self._moved)


def _rows() -> dict[str, Weights]:
    """Return, by the shape that goes along, how much of each other it takes, `[52]`."""
    rows: dict[str, Weights] = {}
    for to, of, share in COMPANIONS:
        targets, sources = _names(to), _names(of)
        for side, target in enumerate(targets):
            row = rows.setdefault(target, np.zeros(arkit.COUNT, np.float32))
            taken = sources[side : side + 1] if len(sources) == len(targets) else sources
            for source in taken:
                row[arkit.INDEX[source]] += share / len(taken)
    return rows


def _names(shape: str) -> tuple[str, ...]:
    return (shape,) if shape in arkit.INDEX else both_sides(shape)
