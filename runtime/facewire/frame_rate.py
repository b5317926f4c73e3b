"""Frame rates as people write them: "60", "30000/1001", "29.97"."""

import re
from fractions import Fraction

from facewire.errors import ConfigError

LOWEST, HIGHEST = 1, 240
"""Frames per second."""

_WRITTEN = re.compile(r"\d{1,9}(\.\d{1,9}|/\d{1,9})?", re.ASCII)

_NTSC = {
    "23.976": Fraction(24_000, 1001),
    "23.98": Fraction(24_000, 1001),
    "29.97": Fraction(30_000, 1001),
    "47.952": Fraction(48_000, 1001),
    "47.95": Fraction(48_000, 1001),
    "59.94": Fraction(60_000, 1001),
    "119.88": Fraction(120_000, 1001),
}
"""Roundings that everybody writes for the rates of NTSC video, and nobody means."""


def parse_frame_rate(text: str) -> Fraction:
    """Return the exact rate of "60", "30000/1001" or "29.97" (which means 30000/1001).

    Raises:
        ConfigError: it is not a number, or not within 1 to 240.
    """
    text = text.strip()
    if text in _NTSC:
        return _NTSC[text]
    if not _WRITTEN.fullmatch(text):
        raise ConfigError(
            f"frame rate {text[:20]!r} is not a number such as 60, 29.97 or 30000/1001"
        )
    try:
        rate = Fraction(text)
    except ZeroDivisionError:
        raise ConfigError(f"frame rate {text!r} divides by zero; write 60 or 30000/1001") from None
    if not LOWEST <= rate <= HIGHEST:
        raise ConfigError(
            f"frame rate {text} is out of range; choose {LOWEST} to {HIGHEST} frames a second"
        )
    return rate
