"""When hibari's phones are articulated, which is earlier than its graph says.

Measured with `python -m facewire_training.evaluation.spoken.offsets` over a hundred sentences,
against our aligner, which hears the sound. The graph gives frames of 25 ms to each symbol, to
spaces and signs of stress too. A phone begins where the first sign before it does, a little
earlier; where nothing stands before it, earlier still. At a pause the graph says little: there the
sound itself tells where speech ends and begins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire_engines.phones.misaki import PAUSES, STRESS, phones_of
from facewire_engines.phones.phone_set import PHONES
from facewire_engines.voices.espeak.timing import CLOSURE_S
from facewire_engines.voices.hibari.package import FRAME, SAMPLE_RATE
from facewire_engines.voices.phone_times import TimedPhone

CLASSES: dict[str, tuple[str, ...]] = {
    "lips": ("p", "b", "m"),
    "stops": ("t", "d", "k", "g", "ch", "jh"),
    "fricatives": ("f", "v", "th", "dh", "s", "z", "sh", "zh", "hh"),
    "sonorants": ("n", "ng", "l", "r", "w", "y"),
}
"""Phones that are early by the same; the others are vowels."""
VOWELS = "vowels"

EARLY_S: dict[str, tuple[float, float, float]] = {
    "lips": (0.036, 0.034, 0.034),
    "stops": (0.028, 0.034, 0.034),
    "fricatives": (0.039, 0.036, 0.036),
    "sonorants": (0.033, 0.030, 0.030),
    VOWELS: (0.021, 0.030, 0.010),
}
"""How much earlier a phone begins than its own symbol, the sign before it, and the first of two."""
UNMARKED_S = 0.025
"""And how much earlier yet where no sign stands before it, at speed 1: a frame."""
UNHEARD_PAUSE_S = 0.08
"""How much earlier than its symbol, or its stress, a phone begins after a comma without a pause."""

_BLOCK = SAMPLE_RATE // 200
_QUIET_DB = -40.0
"""Under the loudest block: silence. The voice's own pauses are at -60, its closures often too."""
_SHORTEST_PAUSE = 12
"""Blocks; a closure is shorter."""
_FADES_S = 0.02
"""What is left of a phone when the sound is under that."""
_BEGINS_S = 0.01
"""How long before the sound a phone after a pause begins, unless it is a stop."""
_SHORTEST_S = 0.02
_STOPS = frozenset((*CLASSES["lips"], *CLASSES["stops"])) - {"m"}


@dataclass(frozen=True, slots=True)
class SymbolPhone:
    """A phone, and the symbol that it was written as."""

    symbol: int
    """Index into the symbols."""
    phone: TimedPhone


@dataclass(frozen=True, slots=True)
class _Onset:
    """Where a symbol that sounds stands, and what stands before it."""

    symbol: int
    stress: int
    """First of the signs of stress before it, or itself."""
    first: int
    """First of the signs of stress and spaces before it, or itself."""
    paused: bool
    """Whether punctuation, or nothing, stands before these."""


def phone_class(phone: str) -> str:
    """Return which phones it is like: a key of `EARLY_S`."""
    return next((name for name, phones in CLASSES.items() if phone in phones), VOWELS)


def timed_phones(
    symbols: str, frames: NDArray[np.int64], sound: Samples, speed: float
) -> list[SymbolPhone]:
    """Return when the phones of symbols are articulated, in samples at 24 kHz.

    Args:
        symbols: L of them.
        frames: of the silence before, each symbol, and the silence after, [L + 2].
        sound: what was spoken.
        speed: at which it was.
    """
    edges = np.concatenate(([0], np.cumsum(frames))) * FRAME
    silences = _silences(sound)
    onsets = list(_onsets(symbols))
    begins, ends = list[float](), list[float]()
    for index, onset in enumerate(onsets):
        name = PHONES[phones_of(symbols[onset.symbol])[0]]
        last = edges[onsets[index - 1].symbol + 1] if index else 0
        silence = _silence_before(onset, edges, last, silences) if onset.paused else None
        if silence is None:
            begin = edges[onset.first + 1] - _early(onset, name, speed) * SAMPLE_RATE
            end = np.inf
        else:
            before = CLOSURE_S if name in _STOPS else _BEGINS_S
            begin = silence[1] - before * SAMPLE_RATE
            end = silence[0] + _FADES_S * SAMPLE_RATE
        if begins:
            soonest = begins[-1] + _SHORTEST_S * SAMPLE_RATE
            begin = max(begin, soonest)
            ends.append(min(begin, max(end, soonest)))
        begins.append(max(0.0, begin))
    if begins:
        spoken = silences[-1][0] if silences and silences[-1][1] == len(sound) else len(sound)
        ends.append(max(spoken + _FADES_S * SAMPLE_RATE, begins[-1] + _SHORTEST_S * SAMPLE_RATE))
    return list(_shared_out(symbols, onsets, begins, ends))


def _onsets(symbols: str) -> Iterator[_Onset]:
    for index, symbol in enumerate(symbols):
        if not phones_of(symbol):
            continue
        stress = index
        while stress > 0 and symbols[stress - 1] in STRESS:
            stress -= 1
        first = stress
        while first > 0 and symbols[first - 1] == " ":
            first -= 1
        before = symbols[:first].rstrip(' "“”()')
        paused = not before or before[-1] in PAUSES
        yield _Onset(index, stress, stress if paused else first, paused)


def _early(onset: _Onset, name: str, speed: float) -> float:
    """Return by how many seconds a phone begins before the first sign of its own."""
    if onset.paused:
        return UNHEARD_PAUSE_S
    signs = min(onset.symbol - onset.first, 2)
    early = EARLY_S[phone_class(name)][signs]
    return early if signs else early + UNMARKED_S / speed


def _silences(sound: Samples) -> list[tuple[int, int]]:
    """Return the bounds of all silences as long as a pause, and of those at both ends."""
    count = len(sound) // _BLOCK
    power = (sound[: count * _BLOCK].reshape(count, _BLOCK) ** 2).mean(axis=1)
    quiet = power < power.max(initial=0) * 10 ** (_QUIET_DB / 10)
    runs = np.flatnonzero(np.diff(quiet, prepend=False, append=False)).reshape(-1, 2)
    return [
        (int(first) * _BLOCK, len(sound) if last == count else int(last) * _BLOCK)
        for first, last in runs
        if last - first >= _SHORTEST_PAUSE or first == 0 or last == count
    ]


def _silence_before(
    onset: _Onset, edges: NDArray[np.int64], last: float, silences: Sequence[tuple[int, int]]
) -> tuple[int, int] | None:
    """Return the longest silence between the symbol before a phone and its own end."""
    if not last:
        return silences[0] if silences and silences[0][0] == 0 else (0, 0)
    within = [s for s in silences if s[0] >= last - 4 * FRAME and s[1] <= edges[onset.symbol + 2]]
    return max(within, key=lambda s: s[1] - s[0], default=None)


def _shared_out(
    symbols: str, onsets: list[_Onset], begins: list[float], ends: list[float]
) -> Iterator[SymbolPhone]:
    for onset, begin, end in zip(onsets, begins, ends, strict=True):
        phones = phones_of(symbols[onset.symbol])
        parts = np.linspace(begin, end, len(phones) + 1)
        for start, stop, phone in zip(parts[:-1], parts[1:], phones, strict=True):
            yield SymbolPhone(onset.symbol, TimedPhone(float(start), float(stop), phone))
