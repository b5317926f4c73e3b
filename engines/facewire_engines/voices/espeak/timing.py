"""When espeak-ng's phonemes are articulated, which is not always when its events come.

Its event for a stop comes at the burst: the silence of the closure stands before it. Lips are
closed in that silence, so it is given to the stop here.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from facewire_engines.phones.phone_set import INDEX
from facewire_engines.voices.espeak.library import Spoken
from facewire_engines.voices.phone_times import TimedPhone

_STOPS = frozenset(INDEX[phone] for phone in ("p", "b", "t", "d", "k", "g", "ch", "jh"))

CLOSURE_S = 0.06
"""How long a stop is held before its burst when a pause goes before."""

_SHORTEST = 64
"""Samples: fewer zeros are a crossing, not a closure."""

_SLACK_S = 0.01
"""How far an event may be from the end of the silence that it ends."""


def timed_phones(spoken: Spoken, phones_of: Callable[[str], tuple[int, ...]]) -> list[TimedPhone]:
    """Return the phones between the marks, closures with their stops; pauses are left out.

    Args:
        spoken: samples and marks.
        phones_of: from the name of a mark to the classes that it passes through.
    """
    classes = _classes(spoken, phones_of)
    begins = [
        _begin(spoken, index, classes[index], after_pause=index > 0 and not classes[index - 1])
        for index in range(len(classes))
    ]
    phones: list[TimedPhone] = []
    for begin, end, parts in zip(begins, [*begins[1:], len(spoken.samples)], classes, strict=True):
        edges = np.linspace(begin, max(begin, end), len(parts) + 1)
        phones += [
            TimedPhone(float(start), float(stop), phone)
            for start, stop, phone in zip(edges[:-1], edges[1:], parts, strict=True)
            if stop > start
        ]
    return phones


def _classes(spoken: Spoken, phones_of: Callable[[str], tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return the phones of each mark: none in a pause, the phone before in an unnamed glide."""
    edges = [first for first, _ in spoken.marks] + [len(spoken.samples)]
    classes: list[tuple[int, ...]] = []
    for (first, name), end in zip(spoken.marks, edges[1:], strict=True):
        phones = phones_of(name)
        if not phones and classes and _sounds(spoken.samples[first:end]):
            phones = classes[-1][-1:]
        classes.append(phones)
    return classes


def _sounds(samples: NDArray[np.int16]) -> bool:
    return bool(np.count_nonzero(np.abs(samples.astype(np.int32)) > 1) * 2 > len(samples))


def _begin(spoken: Spoken, index: int, classes: tuple[int, ...], *, after_pause: bool) -> int:
    """Return the first sample of a phoneme: of the silence before it, if that is its closure."""
    mark = spoken.marks[index][0]
    if not classes or index == 0 or (after_pause and classes[0] not in _STOPS):
        return mark
    slack = int(_SLACK_S * spoken.sample_rate)
    earliest = spoken.marks[index - 1][0]
    if after_pause:
        earliest = max(earliest, mark - int(CLOSURE_S * spoken.sample_rate))
    first, last = _silence_before(spoken.samples, mark + slack, earliest)
    return first if last >= mark - slack and first < mark else mark


def _silence_before(samples: NDArray[np.int16], end: int, earliest: int) -> tuple[int, int]:
    """Return the bounds of the last long run of zeros in `[earliest, end)`; both `end` if none."""
    quiet = np.abs(samples[earliest:end].astype(np.int32)) <= 1
    edges = np.flatnonzero(np.diff(quiet, prepend=False, append=False))
    runs = edges.reshape(-1, 2)
    long = runs[runs[:, 1] - runs[:, 0] >= _SHORTEST]
    if not len(long):
        return end, end
    return earliest + int(long[-1, 0]), earliest + int(long[-1, 1])
