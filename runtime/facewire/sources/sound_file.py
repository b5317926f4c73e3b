"""Recorded sound: wav, flac, ogg, mp3 and whatever else libsndfile reads, block by block."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from facewire.errors import ConfigError
from facewire.frames import AudioChunk, Samples
from facewire.sources.resample import CANCEL, StreamResampler, round_half_up

logger = logging.getLogger(__name__)

_BLOCK = 4096
"""Frames read at once."""
_UNKNOWN_SIZE = 0x7FFF_0000
"""Sizes from here on are what programs write that do not know yet how long a recording gets."""
_CLAIMED_SIZE = re.compile(r"^\s*(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
_OGG_TAIL = 65_536
"""No Ogg page is longer, but for its header."""


class SoundFile:
    """A recording as mono chunks at one rate; each iteration starts again from its first sample.

    Chunks are `chunk_samples` long but for the last, and `captured` is 0: wrap the file in
    `Paced` to play it in real time. What is wrong inside the file (an end that is missing, samples
    that are not numbers) is logged once, and the rest is played.
    """

    def __init__(
        self, path: str | Path, sample_rate: int = 16_000, chunk_samples: int = 160
    ) -> None:
        """Read the header of the file.

        Raises:
            ConfigError: the file is missing, is not audio, or holds no sound.
        """
        if chunk_samples < 1:
            raise ValueError(f"a chunk has at least one sample, not {chunk_samples}")
        self.path = Path(path)
        self.sample_rate = sample_rate
        self.chunk_samples = chunk_samples
        with _open(self.path) as file:
            self.native_rate: int = file.samplerate
            """Hz, as recorded."""
            self.channels: int = file.channels
            self.native_frames: int = file.frames
            """Samples of each channel, as the header or what is left of the file says."""
            self.cut_short = _is_cut_short(self.path, file)
            """Whether the end of the file is known to be missing."""
        if self.native_frames == 0:
            raise ConfigError(f"{self.path} holds no sound; give a recording that is not empty")
        StreamResampler(self.native_rate, sample_rate)
        self._warned = False
        self._warned_of_channels = False

    @property
    def samples(self) -> int:
        """How many samples the chunks hold together, if the file is whole."""
        return round_half_up(self.native_frames * self.sample_rate, self.native_rate)

    @property
    def duration_s(self) -> float:
        """The length of the recording in seconds."""
        return self.native_frames / self.native_rate

    def __iter__(self) -> Iterator[AudioChunk]:
        size = self.chunk_samples
        start = 0
        held: Samples = np.zeros(0, np.float32)
        for block in self._blocks():
            held = np.concatenate((held, block))
            whole = len(held) // size * size
            for first in range(0, whole, size):
                yield AudioChunk(held[first : first + size], start + first, self.sample_rate)
            held = held[whole:]
            start += whole
        if len(held):
            yield AudioChunk(held, start, self.sample_rate)

    def _blocks(self) -> Iterator[Samples]:
        """Yield the recording resampled, in blocks of any length."""
        resampler = StreamResampler(
            self.native_rate, self.sample_rate, self.channels, on_cancel=self._warn_of_channels
        )
        read = 0
        broken = self.cut_short
        with _open(self.path) as file:
            while True:
                try:
                    block = np.asarray(file.read(_BLOCK, "float32", always_2d=True), np.float32)
                except soundfile.LibsndfileError:
                    broken = True
                    break
                if not len(block):
                    break
                read += len(block)
                yield resampler.push(block)
        yield resampler.flush()
        self._warn(read, broken or read < self.native_frames, resampler.replaced)

    def _warn_of_channels(self) -> None:
        if not self._warned_of_channels:
            logger.warning(CANCEL, self.path)
        self._warned_of_channels = True

    def _warn(self, read: int, broken: bool, replaced: int) -> None:
        if self._warned:
            return
        self._warned = broken or replaced > 0
        if broken:
            seconds = read / self.native_rate
            logger.warning("%s is cut short or damaged; its %.2f s were used", self.path, seconds)
        if replaced:
            logger.warning("%s has %d samples that are not numbers", self.path, replaced)


def _open(path: Path) -> soundfile.SoundFile:
    if not path.exists():
        raise ConfigError(f"there is no file {path}; check the path")
    if not path.is_file():
        raise ConfigError(f"{path} is not a file; give a recording")
    try:
        return soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, TypeError) as error:
        try:
            with path.open("rb") as raw:
                empty = not raw.read(1)
        except OSError as refused:
            raise ConfigError(
                f"{path} cannot be read ({refused.strerror}); check its permissions"
            ) from error
        reason = "is an empty file" if empty else "is not a recording that can be read"
        raise ConfigError(f"{path} {reason}; give WAV, FLAC, OGG or MP3") from error


def _is_cut_short(path: Path, file: soundfile.SoundFile) -> bool:
    """Tell whether a file whose length is not checked while reading lacks its end."""
    for claimed, found in _CLAIMED_SIZE.findall(file.extra_info):
        if int(found) < int(claimed) < _UNKNOWN_SIZE:
            return True
    if file.format != "OGG":
        return False
    with path.open("rb") as raw:
        raw.seek(max(0, path.stat().st_size - _OGG_TAIL))
        tail = raw.read()
    page = tail.rfind(b"OggS")
    # Byte 5 of a page's header has a bit that says "last page" (RFC 3533, section 6).
    return page < 0 or page + 5 >= len(tail) or not tail[page + 5] & 4
