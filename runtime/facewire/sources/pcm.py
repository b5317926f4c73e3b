"""Raw PCM from a byte stream, such as standard input, as fast as it arrives."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from functools import partial
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from facewire.audio.format import AudioFormat
from facewire.audio.gap_meter import LONGEST_GAP_S
from facewire.audio.repairs import Repairs
from facewire.audio.resample import CANCEL, StreamResampler
from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, Samples
from facewire.sources.descriptor import DescriptorReader
from facewire.sources.pace import ArrivalPace
from facewire.sources.standard_input import standard_input
from facewire.stream.source import SourceRequest

logger = logging.getLogger(__name__)

_CONTAINERS = {
    b"RIFF": "WAV",
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"ID3": "MP3",
    b"\x1aE\xdf\xa3": "WebM",
    b"0&\xb2u": "WMA",
    b"ftyp": "MP4",
}

PAUSE_MS = 200
"""A pipe that is late by more than this is silent: usual programs are not, and a mouth that stands
open is at rest within half a second."""
_SILENCE_MS = 20
"""Length of the chunks of silence from then on."""
_LONGEST_MS = 100
"""Length of a chunk, at most: what comes at once is handed on in parts, so that its first faces do
not wait for its last."""


class PcmStream:
    """The chunks of an open file, pipe or socket; `captured` is when their bytes were read.

    A sender that is faster than the reader waits, as with any pipe. One that stops in the middle is
    silent: the stream goes on with silence, in real time, until more comes, which follows then. A
    sender that was faster than real time may pause for as long as it is ahead. The bytes of a file
    are there at once, and never have silence between them. Bytes after the last whole sample are
    left out. The file stays open: who opened it closes it.
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
        self.repairs = Repairs(sample_rate, clock)
        self._reader = DescriptorReader(file.fileno(), clock)
        self._clock = clock
        self._pace = ArrivalPace(audio_format.sample_rate)
        self._resampler = StreamResampler(
            audio_format.sample_rate,
            sample_rate,
            audio_format.channels,
            live=True,
            on_cancel=partial(logger.warning, CANCEL, "standard input"),
        )
        self._captured = clock.now()
        self._end = 0
        self._silent = False
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
        refuse_containers = True
        entered = self._clock.now()
        while (data := await self._reader.read(self._silence_due())) != b"":
            self._captured = self._clock.now()
            if data is None:
                for chunk in self._chunks(self._silence()):
                    yield chunk
                continue
            held += data
            if refuse_containers and len(held) >= 8:
                _refuse_container(held)
                refuse_containers = False
            whole = len(held) - len(held) % self.format.frame_bytes
            if not whole:
                continue
            before = self._silence() if self._silent else np.zeros(0, np.float32)
            samples = self.format.decode(held[:whole])
            held = held[whole:]
            self._silent = False
            head_start = 0
            if not self._pace.has_begun and self._captured - entered < _SILENCE_MS * MILLISECOND:
                head_start = self._pace.found(len(samples), self._captured)
            else:
                self._pace.arrived(len(samples), self._captured)
            made = np.concatenate((before, self._resampler.push(samples)))
            for chunk in self._chunks(made, head_start):
                yield chunk
        self._warn(len(held))
        rest = self._resampler.flush()
        for chunk in self._chunks(rest):
            yield chunk

    def _silence_due(self) -> int | None:
        """Return when there has to be silence if nothing comes, in ns; None is never."""
        if not self._reader.is_live or not self._pace.has_begun:
            return None
        wait_ms = _SILENCE_MS if self._silent else PAUSE_MS
        now = self._clock.now()
        return now + self._pace.ahead(now) + wait_ms * MILLISECOND

    def _silence(self) -> Samples:
        """Return silence for what is missing by now, at the rate of the chunks."""
        if not self._silent:
            self.repairs.say("no more sound comes from standard input; silence stands for it")
        self._silent = True
        missing = max(0, -self._pace.ahead(self._captured))
        if missing > LONGEST_GAP_S * SECOND:
            self._pace.skipped(missing - LONGEST_GAP_S * SECOND)
            missing = LONGEST_GAP_S * SECOND
        count = missing * self.format.sample_rate // SECOND
        self._pace.filled(count)
        made = self._resampler.push(np.zeros((count, self.format.channels), np.float32))
        self.repairs.silence += len(made)
        return made

    def _chunks(self, samples: Samples, head_start: int = 0) -> Iterator[AudioChunk]:
        """Yield the next chunks, each due when somebody who plays all of it gets to its end.

        `head_start` is added to what the pace allows, in ns.
        """
        longest = self.sample_rate * _LONGEST_MS // 1000
        all_due = self._captured + max(0, self._pace.ahead(self._captured)) + head_start
        for first in range(0, len(samples), longest):
            part = samples[first : first + longest]
            later = len(samples) - first - len(part)
            due = all_due - later * SECOND // self.sample_rate
            chunk = AudioChunk(part, self._end, self.sample_rate, self._captured, due)
            self._end = chunk.end
            yield chunk

    def _warn(self, left_over: int) -> None:
        if left_over:
            logger.warning("the PCM ended in the middle of a sample; is the format right?")
        if self._resampler.replaced:
            logger.warning("the PCM had %d values that are not numbers", self._resampler.replaced)


def _refuse_container(first: bytes) -> None:
    for mark, name in _CONTAINERS.items():
        if first.startswith(mark) or (name == "MP4" and first[4:8] == mark):
            raise ConfigError(
                f"standard input holds a {name} file, not raw PCM; give the path of the file"
            )


def open_stdin(request: SourceRequest) -> PcmStream:
    """Return the raw PCM of standard input."""
    return PcmStream(standard_input(), request.pcm, request.clock, request.sample_rate)
