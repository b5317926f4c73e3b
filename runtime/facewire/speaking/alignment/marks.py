"""What a client knows of its speech: which words or sounds are said, and when."""

from dataclasses import dataclass

from facewire.errors import WireError

LONGEST_LABEL = 200
"""Characters of a word or a sound; what is longer is none."""


class AlignmentError(WireError):
    """Times that a client sent are not of the shape that they should be."""


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word, and when it is said."""

    word: str
    start_s: float
    """Seconds after the first sample of the turn."""
    end_s: float | None = None
    """None: until the next mark, as far as it may last."""
    phones: tuple[str, ...] = ()
    """How it is said, in ARPAbet, where the client knows."""
    joins: bool = False
    """Whether it goes on with the mark before it, unless that one ends with white space."""


@dataclass(frozen=True, slots=True)
class TimedSound:
    """A phone, or a viseme, which is one of several phones; and when it is said."""

    start_s: float
    """Seconds after the first sample of the turn."""
    end_s: float | None = None
    """None: until the next mark, as far as it may last."""
    phones: tuple[str, ...] = ()
    """ARPAbet: it is one of these; `sil` is silence, and none of them is anything."""
    ipa: str = ""
    """The phone in the International Phonetic Alphabet, instead."""


Mark = TimedWord | TimedSound


@dataclass(frozen=True, slots=True)
class MarkSpan:
    """A mark with both of its ends; those of a turn are in order and do not overlap."""

    mark: Mark
    start_s: float
    end_s: float
