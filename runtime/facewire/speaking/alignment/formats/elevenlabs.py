"""ElevenLabs: the time of each character.

Of its HTTP addresses, seconds: `alignment` with `characters`, `character_start_times_seconds` and
`character_end_times_seconds`; and of its WebSockets, ms: `chars`, `charStartTimesMs` and
`charDurationsMs`, in pieces that may end inside of a word.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from facewire.speaking.alignment.formats.fields import (
    AUDIO,
    Fields,
    columns,
    folded,
    number,
    objects,
    short_text,
)
from facewire.speaking.alignment.marks import LONGEST_LABEL, Mark, TimedWord

_WHAT = "the characters of ElevenLabs, their starts and their ends"
_MS = 1e-3
_NO_TIMES = AUDIO | {"isfinal", "contextid"}
"""What a message has that tells no times: the last one, and those of sound alone."""


def read(data: Any) -> Iterator[Mark]:
    """Yield the words of an answer, or of the alignment in it: as it is spoken, if that is there.

    A message of the stream without any, such as its last one, has no words.

    Raises:
        AlignmentError: it is not such an answer.
    """
    for fields in objects(data, "answers of ElevenLabs"):
        inner = fields.get("normalizedalignment") or fields.get("alignment")
        if isinstance(inner, dict):
            yield from _words(_characters(folded(inner)))
        elif not fields.keys() & {"alignment", "normalizedalignment"} and fields.keys() - _NO_TIMES:
            yield from _words(_characters(fields))


def _characters(fields: Fields) -> Iterator[tuple[str, float, float]]:
    """Yield each character, its start and its end, in seconds."""
    if "characters" in fields:
        names = ("characters", "characterstarttimesseconds", "characterendtimesseconds")
        rows = zip(*columns(fields, names, _WHAT), strict=True)
        for one, start, end in rows:
            yield short_text(one, "a character"), number(start, "a start"), number(end, "an end")
        return
    lengths = "charsdurationsms" if "charsdurationsms" in fields else "chardurationsms"
    rows = zip(*columns(fields, ("chars", "charstarttimesms", lengths), _WHAT), strict=True)
    for one, start, length in rows:
        start_s = number(start, "a start", _MS)
        yield short_text(one, "a character"), start_s, start_s + number(length, "a duration", _MS)


def _words(characters: Iterable[tuple[str, float, float]]) -> Iterator[Mark]:
    """Yield the words, each with the white space behind it; the last may be a part of one."""
    label, start_s, end_s = "", 0.0, 0.0
    for character, first_s, last_s in characters:
        ended = label[-1:].isspace() and not character.isspace()
        if ended or len(label) >= LONGEST_LABEL:
            yield TimedWord(label, start_s, end_s, joins=True)
            label = ""
        if not label:
            start_s = end_s = first_s
        label += character
        if not character.isspace():
            end_s = last_s
    if label:
        yield TimedWord(label, start_s, end_s, joins=True)
