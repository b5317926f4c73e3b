"""Timecodes as the Live Link Face app writes them: `HH:MM:SS:FF.mmm`, counted in frames."""

import math
import re

from facewire.errors import ConfigError
from facewire.frames import StreamSpec

_WRITTEN = re.compile(r"(\d\d?):(\d\d):(\d\d):(\d{1,3})", re.ASCII)
_HOURS = 24


class Timecodes:
    """The timecodes of one stream.

    As in non-drop SMPTE timecode, a second has as many frames as the rate rounded up, so at
    30000/1001 frames a second an hour of timecode takes 3.6 seconds more than an hour.
    """

    def __init__(self, spec: StreamSpec, start: str, *, check_frame: bool = True) -> None:
        """Begin.

        Args:
            spec: of the stream.
            start: of its first frame, `HH:MM:SS:FF`.
            check_frame: whether the frame has to be one of the spec's rate.

        Raises:
            ConfigError: the start is no such timecode.
        """
        if ";" in start:
            raise ConfigError(
                f"timecode={start[:20]} is drop-frame, which these files cannot say; give it with "
                "a colon, and count without dropped numbers"
            )
        found = _WRITTEN.fullmatch(start)
        hours, minutes, seconds, frame = map(int, found.groups()) if found else (0, 60, 0, 0)
        if not (hours < _HOURS and minutes < 60 and seconds < 60):
            raise ConfigError(
                f"timecode={start[:20]} is no time of a day; give it as HH:MM:SS:FF, such as "
                "01:00:00:00"
            )
        self._spec = spec
        self._per_second = math.ceil(spec.frame_rate)
        if check_frame and frame >= self._per_second:
            raise ConfigError(
                f"timecode={start} begins at frame {frame}, where a second has "
                f"{self._per_second}; give a frame from 0 to {self._per_second - 1}"
            )
        self._first = ((hours * 60 + minutes) * 60 + seconds) * self._per_second + frame

    def at(self, timestamp: int) -> str:
        """Return the timecode of a frame; after 23 hours comes 0."""
        place = self._first + self._spec.frame_count(timestamp)
        seconds, frame = divmod(place, self._per_second)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours % _HOURS:02}:{minutes:02}:{seconds:02}:{frame:02}.000"
