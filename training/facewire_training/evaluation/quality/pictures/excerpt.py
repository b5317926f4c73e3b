"""Which seconds of which clip are worth looking at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from facewire.errors import ConfigError
from facewire_training.data.adapters.clip import Clip
from facewire_training.evaluation.metrics.lips.closure import BILABIALS
from facewire_training.evaluation.metrics.lips.labiodental import LABIODENTALS
from facewire_training.evaluation.metrics.lips.rounding import ROUND

PADDING_S = 0.1
_TELLING = {**dict.fromkeys(BILABIALS, 3.0), **dict.fromkeys(LABIODENTALS, 2.0)}


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A few seconds of a clip."""

    set_name: str
    clip: Clip
    start_s: float
    end_s: float


def choose_excerpt(
    sets: Mapping[str, Sequence[Clip]], name: str | None, length_s: float
) -> Excerpt:
    """Return the part of the clip that has most to show: contacts of the lips, and round vowels.

    Args:
        sets: where to look; without a name, in the first set only.
        name: of the clip, or None to choose one.
        length_s: about how long.

    Raises:
        ConfigError: there is no clip of that name.
    """
    candidates = [(kind, clip) for kind, clips in sets.items() for clip in clips]
    if name is None:
        candidates = [(kind, clip) for kind, clip in candidates if kind == next(iter(sets))]
    else:
        candidates = [(kind, clip) for kind, clip in candidates if clip.utterance.name == name]
        if not candidates:
            raise ConfigError(f"there is no clip {name!r} among those that were measured")
    found = [
        (_value(clip, start_s, length_s), kind, clip, start_s)
        for kind, clip in candidates
        for start_s in _starts(clip, length_s)
    ]
    _, kind, clip, start_s = max(found, key=lambda item: item[0])
    return Excerpt(kind, clip, start_s, min(start_s + length_s, clip.utterance.duration_s))


def _starts(clip: Clip, length_s: float) -> list[float]:
    """Return where an excerpt may begin: a little before what follows a silence."""
    last_s = max(clip.utterance.duration_s - length_s, 0.0)
    phones = clip.utterance.phones
    begins = [after.start_s for after in phones[1:]]
    silent = [before.label == "sil" for before in phones[:-1]]
    after_silence = [at for at, quiet in zip(begins, silent, strict=True) if quiet]
    starts = (at - PADDING_S for at in after_silence or begins)
    return [start for start in starts if 0 <= start <= last_s] or [0.0]


def _value(clip: Clip, start_s: float, length_s: float) -> float:
    inside = [
        phone
        for phone in clip.utterance.phones
        if phone.start_s >= start_s and phone.end_s <= start_s + length_s
    ]
    points = sum(_TELLING.get(phone.label, float(phone.label in ROUND)) for phone in inside)
    silence = sum(phone.duration_s for phone in inside if phone.label == "sil")
    return float(
        points + len({phone.label for phone in inside}) - 10 * np.maximum(silence - 0.4, 0)
    )
