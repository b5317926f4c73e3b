"""When a device recorded a block, by what it says itself, as far as that can be believed."""

from typing import Any

from facewire.clock import SECOND

_LONGEST_S = 30.0
"""No device keeps a block for longer."""


class DeviceTime:
    """Takes the device's times to our clock, until it tells one that cannot be."""

    def __init__(self) -> None:
        self._believed = True

    def recorded(self, now: int, times: Any) -> int | None:
        """Return when the first sample was recorded, in ns of our clock; None if nobody knows.

        Only the distance of the device's two times is used. Some systems count them from 1970, and
        both jump when somebody sets the clock.

        Args:
            now: time of the callback.
            times: PortAudio's: `inputBufferAdcTime` and `currentTime`, in seconds. Some systems
                report 0 for either.
        """
        begun, current = times.inputBufferAdcTime, times.currentTime
        if not (begun > 0 and current > 0 and 0 <= current - begun < _LONGEST_S):
            self._believed = False
        return now - round((current - begun) * SECOND) if self._believed else None
