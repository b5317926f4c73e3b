"""A recording that arrives in real time, as if somebody spoke it now."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from facewire.clock import SECOND, Clock
from facewire.frames import AudioChunk
from facewire.sources.sound_file import SoundFile
from facewire.stream.source import SourceRequest

CHUNK_MS = 10
"""What a microphone hands over at a time, and the hop of the embedded model."""
_READ_AHEAD = 16
"""Chunks fetched at once, in a thread, while the ones before them wait for their time."""


class Paced:
    """Lets each chunk appear when its last sample is due, counted from when it is first asked for.

    Whoever waits for a listener first loses nothing of the recording. A consumer that was late gets
    what is due at once, and the schedule does not move. `captured` is the time when the chunk was
    due.
    """

    def __init__(self, chunks: Iterable[AudioChunk], clock: Clock) -> None:
        self._chunks = iter(chunks)
        self._clock = clock
        self._reading = threading.Lock()
        self._played: AsyncGenerator[AudioChunk, None] | None = None

    async def __aenter__(self) -> Self:
        self._played = self._play()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._played is not None:
            await self._played.aclose()
        await asyncio.to_thread(self._close)

    def __aiter__(self) -> AsyncIterator[AudioChunk]:
        if self._played is None:
            raise ValueError("enter the source with `async with` first")
        return self._played

    async def _play(self) -> AsyncGenerator[AudioChunk, None]:
        began = self._clock.now()
        waiting: deque[AudioChunk] = deque()
        more = True
        while more or waiting:
            if more and len(waiting) < _READ_AHEAD:
                fetched = await asyncio.to_thread(self._fetch)
                more = len(fetched) == _READ_AHEAD
                waiting.extend(fetched)
                continue
            chunk = waiting.popleft()
            due = began + chunk.end * SECOND // chunk.sample_rate
            await self._clock.sleep_until(due)
            yield replace(chunk, captured=due)

    def _fetch(self) -> list[AudioChunk]:
        with self._reading:
            return list(islice(self._chunks, _READ_AHEAD))

    def _close(self) -> None:
        """Close the recording, once a read that was cancelled is over."""
        close = getattr(self._chunks, "close", None)
        with self._reading:
            if close is not None:
                close()


def open_file(request: SourceRequest) -> Paced:
    """Return a recording as if somebody spoke it now."""
    size = request.sample_rate * CHUNK_MS // 1000
    file = SoundFile(Path(request.argument), request.sample_rate, chunk_samples=size)
    return Paced(file, request.clock)
