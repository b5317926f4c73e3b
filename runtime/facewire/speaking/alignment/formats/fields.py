"""What the readers of all formats share: JSON as plain values, and times that are numbers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from facewire.speaking.alignment.marks import LONGEST_LABEL, AlignmentError

FURTHEST_S = 1e6
"""No turn lasts as long as this, so no time is further from its beginning."""

AUDIO = frozenset(("audio", "audiobase64"))
"""What providers call the sound that comes with its times."""

Fields = Mapping[str, Any]


def without_audio(data: bytes) -> bytes:
    """Return JSON, an object or a list of them, without the sound in it; all else as it is."""
    try:
        told = msgspec.json.decode(data, type=dict[str, msgspec.Raw] | list[dict[str, msgspec.Raw]])
    except (msgspec.DecodeError, RecursionError):
        return data
    several = isinstance(told, list)
    rest = [
        {name: value for name, value in one.items() if _folded_name(name) not in AUDIO}
        for one in (told if isinstance(told, list) else [told])
    ]
    return msgspec.json.encode(rest if several else rest[0])


def objects(data: Any, what: str) -> Iterator[Fields]:
    """Yield one object, or those of a list, with their keys folded; what is empty tells nothing.

    Raises:
        AlignmentError: it is neither.
    """
    for one in data if isinstance(data, list) else [data]:
        if not isinstance(one, dict):
            raise AlignmentError(f"{what} come as an object, or as a list of objects")
        if one:
            yield folded(one)


def folded(fields: Mapping[str, Any]) -> Fields:
    """Return fields by their names in lower case without `_`: SDKs spell them in their own ways."""
    return {_folded_name(name): value for name, value in fields.items()}


def number(value: Any, what: str, unit_s: float = 1.0) -> float:
    """Return a time in seconds.

    Raises:
        AlignmentError: it is no number, or too far away.
    """
    if value is None:  # JSON has no other word for NaN
        raise AlignmentError(f"{what} is missing, or not a finite number")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AlignmentError(f"{what} is a number, not {_short(value)}")
    seconds = float(value) * unit_s if abs(value) < FURTHEST_S / unit_s else math.inf
    if not abs(seconds) < FURTHEST_S:
        raise AlignmentError(f"{what} is a time within the turn, not {_short(value)}")
    return seconds


def whole_number(value: Any, what: str, end: int) -> int:
    """Return a number from 0 on and below `end`; 1.0 is 1, as JSON knows no other numbers.

    Raises:
        AlignmentError: it is none.
    """
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or value not in range(end):
        raise AlignmentError(f"{what} is 0 to {end - 1}, not {_short(value)}")
    return int(value)


def text(value: Any, what: str) -> str:
    """Return a text.

    Raises:
        AlignmentError: it is none.
    """
    if not isinstance(value, str):
        raise AlignmentError(f"{what} is a text, not {_short(value)}")
    return value


def short_text(value: Any, what: str) -> str:
    """Return a text that names a word or a sound.

    Raises:
        AlignmentError: it is none, or too long for one.
    """
    named = text(value, what)
    if len(named) > LONGEST_LABEL:
        raise AlignmentError(
            f"{what} has {LONGEST_LABEL} characters at most, not {len(named)}; send times of "
            "single words or sounds"
        )
    return named


def columns(fields: Fields, names: Sequence[str], what: str) -> list[list[Any]]:
    """Return lists that belong together.

    Raises:
        AlignmentError: one is missing, is no list, or they differ in length.
    """
    found = [fields.get(name) for name in names]
    lists = [one for one in found if isinstance(one, list)]
    if len(lists) < len(names) or len({len(one) for one in lists}) > 1:
        raise AlignmentError(f"{what} are {len(names)} lists of the same length")
    return lists


def json_lines(data: str, what: str) -> list[Any]:
    """Return the values of a text of JSON lines.

    Raises:
        AlignmentError: a line is not JSON.
    """
    try:
        return [msgspec.json.decode(line) for line in data.splitlines() if line.strip()]
    except (msgspec.DecodeError, RecursionError) as error:
        raise AlignmentError(f"{what} are lines of JSON ({str(error)[:80]})") from error


def _folded_name(name: str) -> str:
    return name.replace("_", "").lower()


def _short(value: Any) -> str:
    return repr(value)[:40]
