# pyright: reportMissingImports=false
"""An output that takes sound in real time and plays it nowhere: the page of the face plays it."""

import asyncio
from collections import deque

from livekit import rtc
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities

from facewire.clock import SECOND, Clock, SystemClock, unix_seconds


class PageOutput(AudioOutput):
    """Stands at the end of a chain, behind a `FaceOutput` that has a page."""

    def __init__(self, *, clock: Clock | None = None, sample_rate: int | None = None) -> None:
        """Get ready, within a running event loop.

        Args:
            clock: keeps time.
            sample_rate: Hz, of all sound; None for any.
        """
        super().__init__(
            label="Facewire page",
            capabilities=AudioOutputCapabilities(pause=True),
            sample_rate=sample_rate,
        )
        self._clock = clock or SystemClock()
        self._queue: deque[rtc.AudioFrame | None] = deque()
        """None ends a segment."""
        self._changed = asyncio.Event()
        self._running = asyncio.Event()
        self._running.set()
        self._free = 0
        """When the next frame begins, in ns, if it follows the last one."""
        self._began = False
        self._heard_s = 0.0
        """Of the segment, in frames that were played whole."""
        self._playing: tuple[int, float] | None = None
        """When the frame that is played began, in ns, and how many s it lasts."""
        self._open = False
        """Whether there is a segment that has not been finished."""
        self._task = asyncio.create_task(self._play(), name="play")

    def begin(self, frame: rtc.AudioFrame, when: int) -> None:
        """Begin to play a frame, at a time in ns; for outputs that play it somewhere after all."""

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take the next sound."""
        await super().capture_frame(frame)
        self._open = True
        self._queue.append(frame)
        self._changed.set()

    def flush(self) -> None:
        """Take no more of this segment."""
        super().flush()
        if self._open:
            self._queue.append(None)
            self._changed.set()

    def clear_buffer(self) -> None:
        """Stop at once."""
        self._queue.clear()
        if not self._open:
            return
        self._task.cancel()
        heard = self._heard_s
        if self._playing is not None:
            began, duration = self._playing
            heard += min(max((self._clock.now() - began) / SECOND, 0.0), duration)
        self._finish(heard, interrupted=True)
        self._task = asyncio.create_task(self._play(), name="play")

    def pause(self) -> None:
        """Stop after the frame that is played."""
        self._running.clear()

    def resume(self) -> None:
        """Go on."""
        self._running.set()

    async def aclose(self) -> None:
        """Play no more."""
        self._task.cancel()

    async def _play(self) -> None:
        while True:
            while not self._queue:
                self._changed.clear()
                await self._changed.wait()
            await self._running.wait()
            frame = self._queue.popleft()
            if frame is None:
                self._finish(self._heard_s, interrupted=False)
                continue
            when = max(self._free, self._clock.now())
            self.begin(frame, when)
            if not self._began:
                self._began = True
                self.on_playback_started(created_at=unix_seconds())
            self._playing, self._free = (
                (when, frame.duration),
                when + round(frame.duration * SECOND),
            )
            await self._clock.sleep_until(self._free)
            self._playing, self._heard_s = None, self._heard_s + frame.duration

    def _finish(self, position: float, *, interrupted: bool) -> None:
        self._began = self._open = False
        self._heard_s, self._playing, self._free = 0.0, None, 0
        self.on_playback_finished(playback_position=position, interrupted=interrupted)
