"""Recorded sound: wav, flac, ogg, mp3, m4a, mp4, webm and more, block by block."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facewire.audio.resample import CANCEL, StreamResampler, round_half_up
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, Samples
from facewire.sources.libsndfile import SndfileRecording
from facewire.sources.media_file import MediaRecording, is_media

logger = logging.getLogger(__name__)

_MEDIA_ACCURACY_S = 0.5
"""By how much the length that is written in a file of other media may be wrong."""


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
        self._recording = _open(self.path)
        self.native_rate = self._recording.rate
        """Hz, as recorded."""
        self.channels = self._recording.channels
        self.native_frames = self._recording.frames
        """Samples of each channel, as the header or what is left of the file says; 0 if the file
        does not say, as those that a browser records."""
        self.cut_short = self._recording.cut_short
        """Whether the end of the file is known to be missing."""
        if self.native_frames == 0 and isinstance(self._recording, SndfileRecording):
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
        for block in self._recording.blocks():
            read += len(block)
            yield resampler.push(block)
        yield resampler.flush()
        broken = self.cut_short or self._recording.broken
        self._warn(read, broken or self._lacks(self.native_frames - read), resampler.replaced)

    def _lacks(self, frames: int) -> bool:
        """Tell whether so many samples less than the header says are too few."""
        exact = isinstance(self._recording, SndfileRecording)
        return frames > (0 if exact else _MEDIA_ACCURACY_S * self.native_rate)

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
            logger.warning(
                "%s is cut short or damaged; its %.2f s were used, and what comes behind damage is "
                "too early by what is missing",
                self.path,
                seconds,
            )
        if replaced:
            logger.warning("%s has %d samples that are not numbers", self.path, replaced)


def _open(path: Path) -> SndfileRecording | MediaRecording:
    if not path.exists():
        raise ConfigError(f"there is no file {path}; check the path")
    if not path.is_file():
        raise ConfigError(f"{path} is not a file; give a recording")
    try:
        with path.open("rb") as raw:
            if not raw.read(1):
                raise ConfigError(f"{path} is an empty file; give a recording")
        if is_media(path):
            return MediaRecording(path)
    except OSError as refused:
        raise ConfigError(
            f"{path} cannot be read ({refused.strerror}); check its permissions"
        ) from refused
    return SndfileRecording(path)
