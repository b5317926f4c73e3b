"""The audio of a stream as a WAV file, beside its faces."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

import soundfile

from facewire.errors import ConfigError
from facewire.frames import AudioChunk


class WavFile:
    """An async context manager that is an audio listener: 16-bit mono, whole also if cut short."""

    name = "wav"

    def __init__(self, path: Path, sample_rate: int) -> None:
        self._path = path
        self._sample_rate = sample_rate
        self._file: soundfile.SoundFile | None = None

    async def __aenter__(self) -> Self:
        """Begin the file.

        Raises:
            ConfigError: it cannot be written.
        """
        if not self._path.parent.is_dir():
            raise ConfigError(
                f"there is no folder {self._path.parent}; make it, or record somewhere else"
            )
        try:
            self._file = await asyncio.to_thread(
                soundfile.SoundFile,
                self._path, "w", self._sample_rate, 1, "PCM_16", format="WAV",
            )  # fmt: skip
        except (soundfile.LibsndfileError, OSError) as error:
            raise ConfigError(
                f"cannot write {self._path} ({error}); record somewhere else"
            ) from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        file, self._file = self._file, None
        if file is not None:
            await asyncio.to_thread(file.close)

    async def send_audio(self, chunk: AudioChunk) -> None:
        """Write the next samples."""
        assert self._file is not None, "enter the file first"
        await asyncio.to_thread(self._file.write, chunk.samples)
