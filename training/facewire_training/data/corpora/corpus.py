"""What every corpus yields: speech with the times of its phones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire_engines.phones.phone_set import INDEX
from facewire_training.phones import PhoneInterval

SAMPLE_RATE = 16_000
"""Hertz, of all training audio."""

TOKEN_SIZE = 160
"""Samples a phonetic token covers: 10 ms."""

SILENCE = INDEX["sil"]


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A piece of speech (or of its absence) and what is said when."""

    name: str
    """Unique within its corpus."""
    samples: Samples
    """Mono float32 [T] in [-1, 1] at 16 kHz."""
    phones: tuple[PhoneInterval, ...]
    """In order of time; what they leave uncovered is silence."""
    speaker: str
    corpus: str

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return len(self.samples) / SAMPLE_RATE


class Corpus(Protocol):
    """A source of utterances, the same ones in the same order for the same arguments."""

    def utterances(self) -> Iterator[Utterance]:
        """Yield the utterances, one at a time."""
        ...


def until_full(hours: float, utterances: Iterable[Utterance]) -> Iterator[Utterance]:
    """Yield utterances until they last so many hours; no more are asked for then."""
    remaining = hours * 3600
    if remaining <= 0:
        return
    for utterance in utterances:
        yield utterance
        remaining -= utterance.duration_s
        if remaining <= 0:
            return


def token_labels(
    phones: tuple[PhoneInterval, ...], count: int, uncovered: int = SILENCE
) -> NDArray[np.uint8]:
    """Return the class at the centre of each of `count` 10 ms tokens, [count].

    Tokens that no phone covers get the class `uncovered`.
    """
    labels = np.full(count, uncovered, np.uint8)
    for phone in phones:
        labels[_first_token(phone.start_s) : _first_token(phone.end_s)] = phone.phone_index
    return labels


def _first_token(seconds: float) -> int:
    """Return the first token whose centre is not before the time (rounded to 1 µs)."""
    return max(0, int(np.ceil(round(seconds * 100, 4) - 0.5)))


def cover_gaps(phones: Iterable[PhoneInterval], end_s: float) -> tuple[PhoneInterval, ...]:
    """Return the phones with silence where none was, none past `end_s`, and silences joined."""
    covered: list[PhoneInterval] = []
    reached_s = 0.0
    for phone in (*phones, PhoneInterval(end_s, end_s + 1.0, SILENCE)):
        start_s, stop_s = max(phone.start_s, reached_s), min(phone.end_s, end_s)
        if min(start_s, end_s) > reached_s:
            _append(covered, PhoneInterval(reached_s, min(start_s, end_s), SILENCE))
        if stop_s > start_s:
            _append(covered, PhoneInterval(start_s, stop_s, phone.phone_index))
        reached_s = max(reached_s, min(phone.end_s, end_s))
    return tuple(covered)


def _append(phones: list[PhoneInterval], phone: PhoneInterval) -> None:
    """Add a phone, or lengthen the silence that is there already."""
    if phones and phones[-1].phone_index == phone.phone_index == SILENCE:
        phone = PhoneInterval(phones.pop().start_s, phone.end_s, SILENCE)
    phones.append(phone)
