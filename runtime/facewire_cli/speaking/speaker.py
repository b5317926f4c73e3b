"""The default sound device as the place where `facewire say` is heard, in step with its face."""

from typing import Self

from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.frames import AudioChunk
from facewire.sinks.delayed_sound.delay_line import DelayLine
from facewire.sinks.delayed_sound.output_stream import OutputStream

_SPARE_S = 0.06
"""Sound has to be there so long before the device wants it: a machine is busy now and then."""
_LEAST_AHEAD_S, _MOST_AHEAD_S = 0.1, 0.6
_LAST_S = 1.0
"""How long the end of the sound may take to be heard."""


class Speaker:
    """Plays samples when they are due. Enter it with `async with`, which opens the device."""

    def __init__(self, clock: Clock, sample_rate: int) -> None:
        """Get ready for sound of `sample_rate` Hz."""
        self._clock = clock
        self._line = DelayLine(sample_rate)
        self._output = OutputStream(
            clock, None, self._line.begin, self._line.read, user="hearing what is said",
            another="give --quiet", without="give --quiet",
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        """Open the device.

        Raises:
            ConfigError: there is none, it cannot be opened, or PortAudio is missing.
        """
        await self._output.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._output.__aexit__(*error)

    @property
    def device(self) -> str:
        """What it is called."""
        return self._output.device.name if self._output.device else ""

    @property
    def ahead_s(self) -> float:
        """How long before it is heard sound has to be played."""
        return min(max(self._output.holds_s + _SPARE_S, _LEAST_AHEAD_S), _MOST_AHEAD_S)

    @property
    def late_ms(self) -> float:
        """How much later than it was due the sound is heard, because the device needs longer."""
        return self._line.late / MILLISECOND

    def play(self, chunk: AudioChunk, origin: int) -> None:
        """Have the next samples heard; sample 0 of the stream is due at `origin`, in ns."""
        self._line.schedule(origin)
        self._line.push(chunk)

    async def finish(self) -> None:
        """Return when all of it has been heard, or soon if the device has stopped."""
        self._line.finish()
        until = self._clock.now() + round((self.ahead_s + _LAST_S) * SECOND)
        while self._line.waiting_s > 0 and self._clock.now() < until:
            await self._clock.sleep_until(self._clock.now() + 10 * MILLISECOND)
        await self._clock.sleep_until(self._clock.now() + round(self._output.holds_s * SECOND))
