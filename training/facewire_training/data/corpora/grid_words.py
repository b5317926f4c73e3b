"""The words of GRID's clips as timed phones: pronunciations from pocketsphinx's dictionary.

Only the words are aligned. Within a word its phones share the time, vowels twice a consonant's
part, so a phone may stand some tens of ms off. Good enough for an oracle, not for training.
"""

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional
from facewire_engines.phones.phone_set import phone_index
from facewire_training.data.corpora.corpus import cover_gaps
from facewire_training.phones import PhoneInterval

LETTERS = {"a": "ey", "z": "z eh d"}
"""Letters that the dictionary has as words, or as they are said in another country."""

_VOWELS = frozenset(phone_index(label) for label in (
    "aa", "ae", "ah", "ao", "aw", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw",
))  # fmt: skip
SILENT = ("sil", "sp")


@dataclass(frozen=True, slots=True)
class TimedWord:
    """One word of a clip."""

    start_s: float
    end_s: float
    word: str


def read_words(path: Path) -> dict[str, list[TimedWord]]:
    """Read `words.tsv.gz`: the words of each clip, silences included.

    Raises:
        ConfigError: the file cannot be read, or is not such a table.
    """
    clips: dict[str, list[TimedWord]] = {}
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                timed = TimedWord(float(row["start_s"]), float(row["end_s"]), row["word"])
                clips.setdefault(row["clip"], []).append(timed)
    except (OSError, EOFError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path} as words: {error}; give the GRID folder") from error
    return clips


def phrase(words: Sequence[TimedWord]) -> tuple[float, float]:
    """Return when the first word of a clip begins and the last one ends, in seconds."""
    spoken = [word for word in words if word.word not in SILENT]
    return spoken[0].start_s, spoken[-1].end_s


class Pronouncer:
    """The dictionary of pocketsphinx."""

    def __init__(self, exceptions: Mapping[str, str] = LETTERS) -> None:
        """Load it; `exceptions` are words that are said in another way than it tells.

        Raises:
            ConfigError: pocketsphinx is not installed.
        """
        pocketsphinx = import_optional("pocketsphinx", "words need pocketsphinx", "train")
        self._exceptions = exceptions
        self._dictionary = pocketsphinx.Decoder(lm=None, loglevel="FATAL")

    def knows(self, word: str) -> bool:
        """Tell whether the dictionary has a word."""
        return word in self._exceptions or bool(self._dictionary.lookup_word(word))

    def phones(self, word: str) -> list[int]:
        """Return the classes of a word's phones.

        Raises:
            ConfigError: the dictionary lacks the word.
        """
        spoken = self._exceptions.get(word) or self._dictionary.lookup_word(word)
        if not spoken:
            raise ConfigError(f"the dictionary has no word {word!r}; correct words.tsv.gz")
        return [phone_index(phone) for phone in spoken.split()]

    def spread(self, words: list[TimedWord], end_s: float) -> tuple[PhoneInterval, ...]:
        """Return the phones of words, each word's shared out over its time."""
        phones: list[PhoneInterval] = []
        for word in words:
            if word.word not in SILENT:
                phones += _shared_out(word, self.phones(word.word))
        return cover_gaps(phones, end_s)


def _shared_out(word: TimedWord, classes: list[int]) -> list[PhoneInterval]:
    parts = [2 if phone in _VOWELS else 1 for phone in classes]
    step_s = (word.end_s - word.start_s) / sum(parts)
    edges = [word.start_s + step_s * sum(parts[:k]) for k in range(len(parts) + 1)]
    return [
        PhoneInterval(start_s, end_s, phone)
        for start_s, end_s, phone in zip(edges[:-1], edges[1:], classes, strict=True)
    ]
