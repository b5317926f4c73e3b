"""Azure's speech synthesis: events of visemes and of word boundaries.

Of the Speech SDK as it gives them, times in ticks of 100 ns: `audio_offset` and `viseme_id`, or
`audio_offset`, `duration` and `text`; and of its batch synthesis, whose times are in ms. What each
of the 22 visemes stands for is in Microsoft's "Speech phonetic alphabets" and, older, in SAPI's
SPVISEMES.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from facewire.speaking.alignment.formats.fields import (
    Fields,
    number,
    objects,
    short_text,
    whole_number,
)
from facewire.speaking.alignment.marks import Mark, TimedSound, TimedWord

VISEMES = (
    "sil", "ae ah", "aa", "ao", "ey eh uh", "er", "y iy ih", "w uw", "ow", "aw", "oy", "ay", "hh",
    "r", "l", "s z", "sh ch jh zh", "th dh", "f v", "d t n", "k g ng", "p b m",
)  # fmt: skip
"""The phones of each viseme, by its id."""

TICK_S = 1e-7
MILLISECOND_S = 1e-3


def read(data: Any, unit_s: float = TICK_S) -> Iterator[Mark]:
    """Yield the marks of one event or several.

    Args:
        data: as JSON gave it.
        unit_s: what times count.

    Raises:
        AlignmentError: they are not such events.
    """
    for fields in objects(data, "events of Azure"):
        start_s = number(fields.get("audiooffset"), "audio_offset", unit_s)
        if "visemeid" in fields:
            yield TimedSound(start_s, phones=_phones(fields["visemeid"]))
        else:
            yield TimedWord(
                short_text(fields.get("text"), "text"), start_s, _end(fields, start_s, unit_s)
            )


read_batch = partial(read, unit_s=MILLISECOND_S)
"""The same of batch synthesis."""


def _phones(viseme: Any) -> tuple[str, ...]:
    return tuple(VISEMES[whole_number(viseme, "viseme_id", len(VISEMES))].split())


def _end(fields: Fields, start_s: float, unit_s: float) -> float | None:
    length = fields.get("duration")
    return None if length is None else start_s + number(length, "duration", unit_s)
