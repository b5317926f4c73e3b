"""What each provider would send for speech whose times are known, in its shape."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from facewire.frames import Samples
from facewire.speaking.alignment.formats import azure, polly
from facewire.speaking.voice import Span

SAMPLE_RATE = 16_000
PAUSE_S = 0.02
"""A longer gap between two phones is silence to who tells visemes."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownSpeech:
    """Speech with the times of the voice that said it, in samples at 16 kHz."""

    samples: Samples
    phones: tuple[Span, ...]
    words: tuple[Span, ...]


Shape = Callable[[KnownSpeech, float], Any]
"""From speech, and by how many seconds its times are late, to what is sent."""


def azure_visemes(speech: KnownSpeech, late_s: float) -> Any:
    """Return events of visemes, whose offsets are in ticks of 100 ns."""
    ids = {phone: one for one, phones in enumerate(azure.VISEMES) for phone in phones.split()}
    return [
        {"audio_offset": round((start_s + late_s) * 1e7), "viseme_id": ids[label]}
        for start_s, label in _changes(speech.phones)
    ]


def polly_visemes(speech: KnownSpeech, late_s: float) -> Any:
    """Return speech marks of visemes, whose times are in ms."""
    codes = {phone: code for code, phones in polly.VISEMES.items() for phone in phones.split()}
    return [
        {"time": round((start_s + late_s) * 1000), "type": "viseme", "value": codes[label]}
        for start_s, label in _changes(speech.phones)
    ]


def cartesia_phones(speech: KnownSpeech, late_s: float) -> Any:
    """Return a message of phonemes, in seconds, ours in the place of the IPA's."""
    return [
        {"phone": label, "start": start, "end": end}
        for label, start, end in _seconds(speech.phones, late_s)
    ]


def words(speech: KnownSpeech, late_s: float) -> Any:
    """Return a message of words with both ends, in seconds, as Cartesia and Rime send them."""
    columns = list(zip(*_seconds(speech.words, late_s), strict=True)) or [(), (), ()]
    return {"word_timestamps": dict(zip(("words", "start", "end"), columns, strict=True))}


def wrong_words(speech: KnownSpeech, late_s: float) -> Any:
    """Return the same with words that are not said."""
    told = words(speech, late_s)
    told["word_timestamps"]["words"] = told["word_timestamps"]["words"][::-1]
    return told


def polly_words(speech: KnownSpeech, late_s: float) -> Any:
    """Return speech marks of words, in ms, without ends."""
    return [
        {"time": round(start * 1000), "type": "word", "value": label}
        for label, start, _ in _seconds(speech.words, late_s)
    ]


def elevenlabs_characters(speech: KnownSpeech, late_s: float) -> Any:
    """Return each character, in seconds; those of a word share its time evenly."""
    characters: list[tuple[str, float, float]] = []
    for label, start, end in _seconds(speech.words, late_s):
        edges = np.linspace(start, end, len(label) + 1).round(3).tolist()
        characters += [(one, *ends) for one, ends in zip(label, pairwise(edges), strict=True)]
        characters.append((" ", end, end))
    keys = ("characters", "character_start_times_seconds", "character_end_times_seconds")
    columns = [list(column) for column in zip(*characters, strict=True)]
    return {"alignment": dict(zip(keys, columns, strict=True))}


def _seconds(spans: Sequence[Span], late_s: float) -> list[tuple[str, float, float]]:
    """Return labels with their times, to the ms."""
    return [
        (
            span.label,
            round(span.start / SAMPLE_RATE + late_s, 3),
            round(span.end / SAMPLE_RATE + late_s, 3),
        )
        for span in spans
    ]


def _changes(phones: Sequence[Span]) -> list[tuple[float, str]]:
    """Return when each phone begins, in seconds, and where silence does."""
    changes: list[tuple[float, str]] = []
    for phone, following in pairwise([*phones, None]):
        assert phone is not None
        changes.append((phone.start / SAMPLE_RATE, phone.label))
        pause = following is None or following.start - phone.end > PAUSE_S * SAMPLE_RATE
        if pause:
            changes.append((phone.end / SAMPLE_RATE, "sil"))
    return changes
