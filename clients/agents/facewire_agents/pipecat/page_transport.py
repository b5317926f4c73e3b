# pyright: reportMissingImports=false
"""An output that takes sound in real time and plays it nowhere: the page of the face plays it."""

from typing import Any

from pipecat.frames.frames import OutputAudioRawFrame, StartFrame
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from facewire.clock import Clock, SystemClock
from facewire_agents.faces.heard_clock import duration_ns


class PageTransport(BaseOutputTransport):
    """Stands where `transport.output()` does, behind a `FaceProcessor` that has a page."""

    def __init__(
        self, params: TransportParams | None = None, *, clock: Clock | None = None, **kwargs: Any
    ) -> None:
        """Get ready.

        Args:
            params: of Pipecat; by default, sound goes out.
            clock: keeps time.
            **kwargs: for Pipecat, such as `name`.
        """
        super().__init__(params or TransportParams(audio_out_enabled=True), **kwargs)
        self._clock = clock or SystemClock()
        self._free = 0

    async def start(self, frame: StartFrame) -> None:
        """Take sound from now on."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Take a piece of sound for as long as it lasts."""
        samples = len(frame.audio) // (2 * frame.num_channels)
        # What comes after a pause begins now, and nothing adds up in between.
        self._free = max(self._free, self._clock.now()) + duration_ns(samples, frame.sample_rate)
        await self._clock.sleep_until(self._free)
        return True
