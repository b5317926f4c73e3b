"""Words and when they are spoken, as a table of tab-separated lines."""

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from facewire.clock import Clock, SystemClock
from facewire.sinks.recording_file import RecordingFile, count_words
from facewire.speaking.voice import Span

HEADING = "start_s\tend_s\tword"


class WordTimesRecorder:
    """Writes a line for each word, in seconds on the clock of the audio."""

    def __init__(
        self,
        path: Path,
        sample_rate: int,
        clock: Clock | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        self.name = f"tsv:{path}"
        self.recording = RecordingFile(path, clock or SystemClock(), overwrite=overwrite)
        self._sample_rate = sample_rate

    async def open(self) -> None:
        """Begin the table.

        Raises:
            ConfigError: it cannot be written, or must not be overwritten.
        """
        first = f"{HEADING}\n".encode()
        await self.recording.open(lambda kept: first, count_words)

    async def send_words(self, words: Sequence[Span]) -> None:
        """Write the next words, so that a reader has them at once.

        Raises:
            OSError: the disk is full, or gone.
        """
        for word in words:
            await self.recording.add(f"{_line(word, self._sample_rate)}\n".encode())
        await self.recording.flush()

    async def aclose(self) -> None:
        """Write what is left; may be called twice.

        Raises:
            OSError: the disk is full, or gone.
        """
        await self.recording.aclose()


class WordTimesPrinter:
    """Prints the same table."""

    name = "word times"

    def __init__(self, file: TextIO, sample_rate: int) -> None:
        self._file = file
        self._sample_rate = sample_rate
        self._file.write(f"{HEADING}\n")

    async def send_words(self, words: Sequence[Span]) -> None:
        """Print the next words."""
        for word in words:
            self._file.write(f"{_line(word, self._sample_rate)}\n")
        self._file.flush()


def _line(word: Span, sample_rate: int) -> str:
    start, end = word.start / sample_rate, word.end / sample_rate
    label = " ".join(word.label.split())
    return f"{start:.3f}\t{end:.3f}\t{label}"
