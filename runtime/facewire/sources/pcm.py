"""Raw PCM from a byte stream, such as standard input, as fast as it arrives."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import BinaryIO, Self

from facewire.audio_format import AudioFormat
from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk
from facewire.sources.resample import StreamResampler

logger = logging.getLogger(__name__)

_READ_BYTES = 65_536
_CONTAINERS = {b"RIFF": "WAV", b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3"}


class PcmStream:
    """The chunks of an open file, pipe or socket; `captured` is when their bytes were read.

    A sender that is faster than the reader waits, as with any pipe. Bytes after the last whole
    sample are left out. The file stays open: who opened it closes it.
    """

    def __init__(
        self,
        file: BinaryIO,
        audio_format: AudioFormat,
        clock: Clock,
        sample_rate: int = 16_000,
    ) -> None:
        """Get ready to read a file that has a descriptor.

        Raises:
            ConfigError: the rate is not that of audio, or the file is a terminal.
        """
        if file.isatty():
            raise ConfigError(
                "standard input is a terminal; pipe raw PCM into it, or give the path of a file"
            )
        self.format = audio_format
        self.sample_rate = sample_rate
        self._descriptor = file.fileno()
        self._clock = clock
        self._resampler = StreamResampler(
            audio_format.sample_rate, sample_rate, audio_format.channels, live=True
        )
        self._heard: AsyncGenerator[AudioChunk, None] | None = None

    async def __aenter__(self) -> Self:
        self._heard = self._hear()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._heard is not None:
            await self._heard.aclose()

    def __aiter__(self) -> AsyncIterator[AudioChunk]:
        if self._heard is None:
            raise ValueError("enter the source with `async with` first")
        return self._heard

    async def _hear(self) -> AsyncGenerator[AudioChunk, None]:
        held = b""
        start = 0
        captured = self._clock.now()
        refuse_containers = True
        while data := await _read(self._descriptor):
            captured = self._clock.now()
            held += data
            if refuse_containers and len(held) >= 4:
                _refuse_container(held)
                refuse_containers = False
            whole = len(held) - len(held) % self.format.frame_bytes
            samples = self._resampler.push(self.format.decode(held[:whole]))
            held = held[whole:]
            if len(samples):
                yield AudioChunk(samples, start, self.sample_rate, captured)
                start += len(samples)
        self._warn(len(held))
        samples = self._resampler.flush()
        if len(samples):
            yield AudioChunk(samples, start, self.sample_rate, captured)

    def _warn(self, left_over: int) -> None:
        if left_over:
            logger.warning("the PCM ended in the middle of a sample; is the format right?")
        if self._resampler.replaced:
            logger.warning("the PCM had %d values that are not numbers", self._resampler.replaced)


def _refuse_container(first: bytes) -> None:
    for mark, name in _CONTAINERS.items():
        if first.startswith(mark):
            raise ConfigError(
                f"standard input holds a {name} file, not raw PCM; give the path of the file"
            )


async def _read(descriptor: int) -> bytes:
    """Return what there is to read, waiting for at least one byte; nothing is the end."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(descriptor, _settle, readable)
    except (PermissionError, NotImplementedError):
        # Regular files cannot be watched, nor can anything on Windows.
        return await asyncio.to_thread(os.read, descriptor, _READ_BYTES)
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _READ_BYTES)


def _settle(readable: "asyncio.Future[None]") -> None:
    if not readable.done():
        readable.set_result(None)
