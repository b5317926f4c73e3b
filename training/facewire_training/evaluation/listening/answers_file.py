"""What came in, as CSV: every answer is on disk before its rater hears that it was taken.

`raters.csv` has a line for each rater: a code, when they came as the how-manieth, and no more about
them. `ratings.csv` has a line for each face that was rated; those of one screen are written at
once. A line or a screen that a crash cut off is taken away before the next one is written.
"""

import csv
import errno
import io
import math
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from facewire.errors import ConfigError
from facewire_training.evaluation.listening.screens import Part

MOST_RATING = 100
RATINGS, RATERS = "ratings.csv", "raters.csv"


@dataclass(frozen=True, slots=True)
class Rating:
    """One face that was rated."""

    rater: str
    screen: int
    part: Part
    sentence: str
    slot: str
    system: str
    rating: int
    """0 to 100; of a pair, 1 for the face that was chosen and 0 for the other."""
    plays: int
    """How often it was played to its end."""
    seconds: float
    """From when the screen could be used until it was sent."""
    time: str


@dataclass(frozen=True, slots=True)
class Rater:
    """Somebody who began to rate."""

    rater: str
    number: int
    """How many came before."""
    time: str


class AnswersFile:
    """Both files of a study while it is served; one server at a time, any threads."""

    def __init__(self, folder: Path, faces_on: Callable[[Part], int] = lambda _: 1) -> None:
        """Open the files, and read what is there.

        Args:
            folder: of the study.
            faces_on: how many faces a screen has; a last one with fewer is rated again.

        Raises:
            ConfigError: they cannot be written, are no such tables, or another server has them.
        """
        self._lock = threading.Lock()
        self._ratings = _open(folder / RATINGS, Rating)
        try:
            self._raters = _open(folder / RATERS, Rater)
            raters = read_raters(folder)
            ratings = _without_torn(self._ratings, read_ratings(folder), faces_on)
        except BaseException:
            os.close(self._ratings)
            raise
        self._numbers = {rater.rater: rater.number for rater in raters}
        self._done = {(rating.rater, rating.screen) for rating in ratings}

    def number_of(self, rater: str) -> int | None:
        """Return how many came before a rater; None: they never began."""
        return self._numbers.get(rater)

    def begin(self, rater: str, most: int) -> int | None:
        """Note that a rater begins, unless they have begun before.

        Returns:
            how many came before; None: there are `most` already.

        Raises:
            OSError: the disk does not take it.
        """
        with self._lock:
            number = self._numbers.get(rater, len(self._numbers))
            if number >= most:
                return None
            if rater not in self._numbers:
                _append(self._raters, [Rater(rater, number, now())])
                self._numbers[rater] = number
            return number

    def is_done(self, rater: str, screen: int) -> bool:
        """Return whether a screen was rated."""
        return (rater, screen) in self._done

    def add(self, ratings: Sequence[Rating]) -> bool:
        """Write a screen's ratings, unless it was rated before; return whether they were written.

        Raises:
            OSError: the disk does not take them.
        """
        screen = (ratings[0].rater, ratings[0].screen)
        with self._lock:
            if screen in self._done:
                return False
            _append(self._ratings, ratings)
            self._done.add(screen)
            return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            os.close(self._ratings)
            os.close(self._raters)


def now() -> str:
    """Return the time as ISO writes it, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_ratings(folder: Path) -> list[Rating]:
    """Return every rating of a study, once each; an unfinished last line is left out.

    Raises:
        ConfigError: there are none, the file is no table of ratings, or it has two of one face.
    """
    found: dict[tuple[str, int, str], Rating] = {}
    for row in _rows(folder / RATINGS, Rating):
        rater, screen, part, sentence, slot, system, rating, plays, seconds, time = row
        read = Rating(
            rater, int(screen), Part(part), sentence, slot, system, int(rating), int(plays),
            float(seconds), time,
        )  # fmt: skip
        first = found.setdefault((rater, read.screen, slot), read)
        if first != read:
            raise ConfigError(
                f"{folder / RATINGS} has two ratings of face {slot} on screen {screen} by {rater}, "
                f"{first.rating} at {first.time} and {rating} at {time}; remove one of these lines"
            )
    return list(found.values())


def read_raters(folder: Path) -> list[Rater]:
    """Return every rater of a study.

    Raises:
        ConfigError: there are none, or the file is no table of raters.
    """
    return [Rater(row[0], int(row[1]), row[2]) for row in _rows(folder / RATERS, Rater)]


def write_answers(folder: Path, raters: Iterable[Rater], ratings: Iterable[Rating]) -> None:
    """Write both files at once, for answers that came from elsewhere.

    Raises:
        OSError: they cannot be written.
    """
    for name, kind, rows in ((RATERS, Rater, raters), (RATINGS, Rating, ratings)):
        (folder / name).write_bytes(_header(kind) + _lines(rows))


def _rows(path: Path, kind: type[Any]) -> Iterable[list[str]]:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}: nobody has rated; let people rate with facewire bench listen "
            f"serve {path.parent}"
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    whole = content[: content.rfind(b"\n") + 1].decode("utf-8", "replace")
    rows = list(csv.reader(io.StringIO(whole)))
    names = [field.name for field in fields(kind)]
    if not rows or rows[0] != names:
        raise ConfigError(f"the first line of {path} is not {','.join(names)}")
    for line, row in enumerate(rows[1:], 2):
        try:
            _check(row, kind)
        except ValueError as error:
            raise ConfigError(
                f"line {line} of {path} is no {kind.__name__.lower()}: {error}"
            ) from error
        yield row


def _check(row: list[str], kind: type[Any]) -> None:
    if len(row) != len(fields(kind)):
        raise ValueError(f"it has {len(row)} columns, not {len(fields(kind))}")
    for field, value in zip(fields(kind), row, strict=True):
        if field.type is Part:
            Part(value)
        elif field.type in (int, float):
            read = int(value) if field.type is int else float(value)
            most = MOST_RATING if field.name == "rating" else math.inf
            if not (0 <= read <= most and math.isfinite(read)):
                raise ValueError(f"its {field.name} is {value}")


def _without_torn(
    descriptor: int, ratings: list[Rating], faces_on: Callable[[Part], int]
) -> list[Rating]:
    """Take away the last screen, in the file too, if a crash cut it off between two lines.

    Raises:
        ConfigError: the file holds it in other words than were written.
    """
    if not ratings:
        return ratings
    last = (ratings[-1].rater, ratings[-1].screen)
    torn = [rating for rating in ratings if (rating.rater, rating.screen) == last]
    if len(torn) >= faces_on(torn[0].part):
        return ratings
    lines = _lines(torn)
    begin = os.fstat(descriptor).st_size - len(lines)
    os.lseek(descriptor, max(begin, 0), os.SEEK_SET)
    if os.read(descriptor, len(lines)) != lines:
        raise ConfigError(
            f"{RATINGS} has {len(torn)} ratings of screen {last[1]} by {last[0]}, and was edited: "
            "remove them, and the screen is rated again"
        )
    os.ftruncate(descriptor, begin)
    return ratings[: -len(torn)]


def _open(path: Path, kind: type[Any]) -> int:
    """Open a file to append to it; its last line is whole, and its first one is the header."""
    try:
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        )
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    try:
        _lock(descriptor, path)
        content = path.read_bytes()
        os.ftruncate(descriptor, content.rfind(b"\n") + 1)
        if b"\n" not in content:
            _write(descriptor, _header(kind))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lock(descriptor: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"{path} is written by another server; end that one first") from None
    except OSError:
        return  # some network file systems have no locks


def _append(descriptor: int, rows: Iterable[Rater | Rating]) -> None:
    before = os.fstat(descriptor).st_size
    try:
        _write(descriptor, _lines(rows))
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _write(descriptor: int, content: bytes) -> None:
    if os.write(descriptor, content) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def _header(kind: type[Any]) -> bytes:
    return (",".join(field.name for field in fields(kind)) + "\n").encode()


def _lines(rows: Iterable[Rater | Rating]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(astuple(row) for row in rows)
    return text.getvalue().encode()
