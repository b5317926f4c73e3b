"""Cartesia and Rime: words, and Cartesia's phonemes, as lists of labels, starts and ends.

Times are seconds. Their WebSockets send them as `word_timestamps` with `words`, `start` and `end`;
Cartesia also as
`phoneme_timestamps` with `phonemes`, in the International Phonetic Alphabet.
"""

from collections.abc import Iterator
from typing import Any

from facewire.speaking.alignment.formats.fields import (
    Fields,
    columns,
    folded,
    number,
    objects,
    short_text,
)
from facewire.speaking.alignment.marks import AlignmentError, Mark, TimedSound, TimedWord

_KINDS = {"wordtimestamps": "words", "phonemetimestamps": "phonemes"}
_OTHERS = ("chunk", "done", "flush_done")
"""Messages of the same stream that tell no times: sound, and that there is no more."""


def read(data: Any) -> Iterator[Mark]:
    """Yield the marks of a message, or of the lists in it; one of sound, or the last, has none.

    Raises:
        AlignmentError: it has no such lists, and is no other message of the stream.
    """
    for fields in objects(data, "timestamps"):
        if fields.get("type") in _OTHERS:
            continue
        inner = [fields[kind] for kind in _KINDS if kind in fields]
        for lists in inner or [fields]:
            if lists is not None:
                yield from _marks(folded(lists) if isinstance(lists, dict) else {})


def _marks(fields: Fields) -> Iterator[Mark]:
    label = next((name for name in _KINDS.values() if name in fields), None)
    if label is None:
        raise AlignmentError("timestamps have words or phonemes, with their start and end")
    names = (label, "start", "end")
    for one, start, end in zip(*columns(fields, names, f"{label}, start and end"), strict=True):
        start_s, end_s = number(start, "a start"), number(end, "an end")
        if label == "words":
            yield TimedWord(short_text(one, "a word"), start_s, end_s)
        else:
            yield TimedSound(start_s, end_s, ipa=short_text(one, "a phoneme"))
