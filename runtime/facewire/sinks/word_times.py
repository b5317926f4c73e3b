"""Words and when they are spoken, as a table of tab-separated lines."""

from collections.abc import Sequence
from typing import TextIO

from facewire.speech import Span

HEADING = "start_s\tend_s\tword"


class WordTimes:
    """Writes a line for each word, in seconds on the clock of the audio."""

    def __init__(self, file: TextIO, sample_rate: int) -> None:
        self._file = file
        self._sample_rate = sample_rate
        self._file.write(f"{HEADING}\n")

    def add(self, words: Sequence[Span]) -> None:
        """Write the next words, so that a reader has them at once."""
        for word in words:
            start, end = word.start / self._sample_rate, word.end / self._sample_rate
            self._file.write(f"{start:.3f}\t{end:.3f}\t{word.label}\n")
        self._file.flush()
