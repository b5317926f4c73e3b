"""A sink and a listener: plays what is heard when the faces that belong to it leave."""

import logging
from collections import deque
from statistics import median
from typing import Self

from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.sinks.delayed_sound.delay_line import DelayLine
from facewire.sinks.delayed_sound.output_stream import OutputStream

logger = logging.getLogger(__name__)

MEMORY_S = 2
"""Over so long it is watched how late faces leave."""
_LAST_S = 1.0
"""How long the end of a stream may take to be heard."""
DEFAULT = "default"
"""Names the system's default output."""


class DelayedSound:
    """Delays the sound of a live stream by exactly the latency of its faces.

    The latency is measured, not computed: the median, over two seconds, of when frames were ready
    against the sample that each belongs to. So it is right for every source and engine, and follows
    a source whose clock drifts. Enter it with `async with`, which opens the device.
    """

    lossless = False
    name = "delayed sound"

    def __init__(self, clock: Clock, device: str, spec: StreamSpec) -> None:
        """Play the sound of a stream of `spec` into a device, by number or part of its name."""
        self._clock = clock
        self._line = DelayLine(spec.sample_rate)
        wanted = None if device == DEFAULT else device
        self.output = OutputStream(clock, wanted, self._line.begin, self._line.read)
        # A device takes up to twice of what it is asked for; chunks and blocks take 20 ms.
        spare_s = spec.lookahead / spec.sample_rate / 2 - 0.010
        self.output.latency_s = max(self.output.latency_s, spare_s)
        self._spec = spec
        self._origins: deque[int] = deque(maxlen=1)
        self._told = 0

    async def __aenter__(self) -> Self:
        """Open the device.

        Raises:
            ConfigError: it cannot be opened, or PortAudio is missing.
        """
        await self.output.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.output.__aexit__(*error)

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Get ready for a stream of this geometry."""
        self._spec = spec
        self._origins = deque(maxlen=max(1, round(MEMORY_S * spec.frame_rate)))

    async def send(self, frame: BlendshapeFrame) -> None:
        """Note when a frame is there: the sound at its timestamp is to be heard then."""
        ready = frame.stamps.faced or self._clock.now()
        self._origins.append(ready - frame.timestamp * SECOND // self._spec.sample_rate)
        self._line.schedule(round(median(self._origins)))
        self._tell_lateness()

    async def send_audio(self, chunk: AudioChunk) -> None:
        """Keep the next samples."""
        self._line.push(chunk)

    async def aclose(self) -> None:
        """Return when the end of the sound was heard, or after a second."""
        self._line.finish()
        until = self._clock.now() + round(_LAST_S * SECOND)
        while self._line.waiting_s > 0 and self._clock.now() < until:
            await self._clock.sleep_until(self._clock.now() + 10 * MILLISECOND)
        await self._clock.sleep_until(
            self._clock.now() + round(min(2 * self.output.latency_s, _LAST_S) * SECOND)
        )

    def _tell_lateness(self) -> None:
        late = self._line.late
        if late > self._told:
            logger.warning(
                "the output holds sound back for longer than the face waits, so the sound is "
                "%d ms later than the face; give %d ms more of --lookahead-ms",
                *(-(-late // MILLISECOND),) * 2,
            )
        self._told = late
