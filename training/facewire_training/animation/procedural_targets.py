"""The table of what each phone asks of the face, as arrays. See `procedural_targets.toml`."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from facewire_engines.phones.phone_set import PHONES

Floats = NDArray[np.float64]

AXES: tuple[str, ...] = (
    "jaw", "gap", "pucker", "funnel", "spread", "tongue", "forward",
)  # fmt: skip
"""What co-articulates: ARKit's jawOpen, the lip gap as `facewire.face.lips` measures it,
mouthPucker, mouthFunnel, the mouth's corners apart, tongueOut, jawForward."""

VOWELS: frozenset[str] = frozenset(
    ("aa", "ae", "ah", "ao", "aw", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw")
)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """One row for each phone, and one more for the second part of each diphthong."""

    target: Floats
    """[R, 7] weights, and the gap, by `AXES`."""
    dominance: Floats
    """[R, 7], how strongly the row insists."""
    onset_s: Floats
    """[R, 7] time constants of the rise before the phone, in seconds."""
    offset_s: Floats
    """[R, 7] time constants of the decay after it, in seconds."""
    effort: Floats
    """[7], by what share effort = 1 raises each axis."""
    follows: Floats
    """[40] by what share each phone follows effort: 1 for vowels."""
    second: NDArray[np.int64]
    """[40] the row of a phone's second part; its own row if it has one part only."""
    pause_s: tuple[float, float]
    """Up to which duration a silence is a mere pause, and from which a full stop, in seconds."""
    pause_jaw: float
    """jawOpen in a pause."""
    pause_gap: float
    """The lip gap in a pause."""


@lru_cache(maxsize=1)
def load_targets() -> Targets:
    """Read the table that comes with the package."""
    file = resources.files("facewire_training.animation") / "procedural_targets.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    axes, phones, pause = table["axes"], table["phones"], table["pause"]
    diphthongs = [phone for phone in PHONES if phone not in phones]
    rows = [phones[p + "1" if p in diphthongs else p] for p in PHONES]
    rows += [phones[p + "2"] for p in diphthongs]
    cells = np.array([[_cell(row, name, axes[name]) for name in AXES] for row in rows])
    second = np.arange(len(PHONES))
    second[[PHONES.index(p) for p in diphthongs]] = len(PHONES) + np.arange(len(diphthongs))
    return Targets(
        target=cells[..., 0],
        dominance=cells[..., 1],
        onset_s=cells[..., 2] / 1000,
        offset_s=cells[..., 3] / 1000,
        effort=np.array([axes[name]["effort"] for name in AXES]),
        follows=np.array([1.0 if p in VOWELS else table["effort"]["consonants"] for p in PHONES]),
        second=second,
        pause_s=(pause["short_ms"] / 1000, pause["long_ms"] / 1000),
        pause_jaw=pause["jaw"],
        pause_gap=pause["gap"],
    )


def _cell(row: dict[str, list[float]], name: str, axis: dict[str, float]) -> list[float]:
    """Return target, dominance, onset and offset in ms of one axis of one phone."""
    given = row.get(name, [0.0, axis["indifference"]])
    return given if len(given) == 4 else [*given, axis["onset_ms"], axis["offset_ms"]]
