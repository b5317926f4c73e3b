"""The file that says which sign is when, and what is mouthed with it.

Lines of UTF-8 with four fields and tabs between: `word start end mouthing`, the times in seconds;
a line that begins with `#`, or whose times are called `start` and `end`, is a heading. A mouthing
that is empty leaves the mouth at rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from facewire.errors import ConfigError

LONGEST_S = 3600.0
"""Of a file."""
_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign, and what the mouth says meanwhile."""

    word: str
    """What it is called: its gloss."""
    start_s: float
    end_s: float
    mouthing: str
    """A word or a part of one, as it is written; empty for none."""
    line: int
    """Of the file."""


def read_gloss_file(path: Path) -> list[Sign]:
    """Return the signs of a file, in order.

    Raises:
        ConfigError: the file cannot be read, or a line is no sign, or begins before the last ends.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not written in UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; give a gloss file") from error
    signs = list(_signs(text, path))
    if not any(sign.mouthing for sign in signs):
        raise ConfigError(
            f"{path} has nothing to mouth; write lines of word, start, end and mouthing with tabs "
            "between"
        )
    return signs


def _signs(text: str, path: Path) -> Iterator[Sign]:
    reached_s = 0.0
    # Not `splitlines`, which ends lines where editors do not, too.
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split("\t")
        heading = [field.strip().lower() for field in fields[1:3]] == ["start", "end"]
        if not line.strip() or line.startswith("#") or heading:
            continue
        sign = _sign(fields, number, f"{path}, line {number}")
        if sign.start_s < reached_s:
            raise ConfigError(
                f"{path}, line {number}: {sign.word!r} begins at {sign.start_s:g} s, before the "
                f"last sign ends at {reached_s:g} s; signs come one after the other"
            )
        reached_s = sign.end_s
        yield sign


def _sign(fields: list[str], number: int, where: str) -> Sign:
    if len(fields) == _FIELDS - 1:
        fields = [*fields, ""]
    if len(fields) != _FIELDS:
        raise ConfigError(
            f"{where} has {len(fields)} fields; write word, start, end and mouthing with tabs "
            "between"
        )
    word, start, end, mouthing = (field.strip() for field in fields)
    start_s, end_s = _seconds(start, where), _seconds(end, where)
    if not start_s < end_s:
        raise ConfigError(
            f"{where}: {word!r} ends at {end_s:g} s, not after its start at {start_s:g} s; "
            "correct its times"
        )
    return Sign(word, start_s, end_s, mouthing, number)


def _seconds(text: str, where: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not isfinite(value) or not 0 <= value <= LONGEST_S:
        raise ConfigError(
            f"{where}: {text[:40]!r} is no time; write seconds from 0 to {LONGEST_S:g}, as in 1.25"
        )
    return value
