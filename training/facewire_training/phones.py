"""Timed phones: the value that the ground truth is made of, and its file."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import PHONES, phone_index

_COLUMNS = ("utterance", "start_s", "end_s", "phone")


@dataclass(frozen=True, slots=True)
class PhoneInterval:
    """One phone of an utterance."""

    start_s: float
    """Seconds from the start of the audio."""
    end_s: float
    """Seconds; after `start_s`."""
    phone_index: int
    """Class in `facewire_engines.phones.phone_set.PHONES`; 0 is silence."""

    def __post_init__(self) -> None:
        if not self.start_s < self.end_s:
            raise ValueError(f"a phone from {self.start_s} s to {self.end_s} s")
        if not 0 <= self.phone_index < len(PHONES):
            raise ValueError(f"no phone has index {self.phone_index}")

    @property
    def label(self) -> str:
        """The ARPAbet label, in lower case and without stress."""
        return PHONES[self.phone_index]

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.end_s - self.start_s


def read_phones_tsv(path: Path) -> dict[str, list[PhoneInterval]]:
    """Read a table of timed phones: the intervals of each utterance, in the order of the file.

    The table is tab-separated, gzip-compressed if its name ends in `.gz`, and its first line names
    the columns: at least `utterance`, `start_s`, `end_s` and `phone` (ARPAbet, any case, with or
    without stress; `SIL` is silence).

    Raises:
        ConfigError: the file cannot be read, lacks a column, or has an impossible row.
    """
    utterances: dict[str, list[PhoneInterval]] = {}
    for line, row in enumerate(_rows(path), start=2):
        try:
            interval = PhoneInterval(
                float(row["start_s"]), float(row["end_s"]), phone_index(row["phone"])
            )
        except ValueError as error:
            raise ConfigError(f"{path}, line {line}: {error}; correct the row") from error
        utterances.setdefault(row["utterance"], []).append(interval)
    return utterances


def _rows(path: Path) -> Iterator[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise ConfigError(f"{path} has no column {missing[0]!r}; give a table of phones")
            yield from reader
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path} as a table of phones: {error}") from error
