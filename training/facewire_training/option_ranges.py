"""Numbers of a command line, each with the range in which it means something.

Each function returns, and each name in capitals is, a `type` for `ArgumentParser.add_argument`;
what it refuses `command.make_parser` says in one sentence.
"""

from argparse import ArgumentTypeError
from collections.abc import Callable
from fractions import Fraction
from math import isfinite

from facewire.errors import ConfigError
from facewire.frame_rate import parse_frame_rate


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return the type of a whole number in a range, both ends in it."""

    def read(word: str) -> int:
        try:
            value = int(word)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise _refused(word, f"a whole number from {least} to {most}")
        return value

    return read


def number(least: float, most: float, *, above: bool = False) -> Callable[[str], float]:
    """Return the type of a number in a range, both ends in it, or the lower one not if `above`."""

    def read(word: str) -> float:
        try:
            value = float(word)
        except ValueError:
            value = float("nan")
        if not isfinite(value) or not least <= value <= most or (above and value == least):
            begin = f"above {least:g}, up to" if above else f"from {least:g} to"
            raise _refused(word, f"a number {begin} {most:g}")
        return value

    return read


def numbers(least: float, most: float) -> Callable[[str], list[float]]:
    """Return the type of one number or several of a range, with commas between."""
    read = number(least, most)

    def read_all(words: str) -> list[float]:
        try:
            return [read(word) for word in words.split(",")]
        except ArgumentTypeError:
            raise _refused(
                words, f"numbers from {least:g} to {most:g} with commas between"
            ) from None

    return read_all


def frame_rate(word: str) -> Fraction:
    """Read a frame rate as everywhere in Facewire: 30, 29.97, 30000/1001."""
    try:
        return parse_frame_rate(word)
    except ConfigError as error:
        raise ArgumentTypeError(str(error)) from None


def _refused(word: str, wanted: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"is {word[:40]!r}; give {wanted}")


STEPS = whole_number(1, 1_000_000_000)
BATCH = whole_number(1, 65_536)
LEARNING_RATE = number(0, 1, above=True)
SHARE = number(0, 1)
SEED = whole_number(0, 2**31 - 1)
THREADS = whole_number(1, 1024)
WIDTH = whole_number(1, 16_384)
COUNT = whole_number(1, 1_000_000)
LOOKAHEADS_MS = numbers(0, 10_000)
