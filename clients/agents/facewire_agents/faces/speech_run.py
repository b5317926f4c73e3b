"""A run of an agent's speech: one turn of the stream of faces, from the framework's audio."""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass

import numpy as np

from facewire.audio.resample import StreamResampler
from facewire.errors import ConfigError
from facewire.frames import Samples

RATE = 16_000
"""Hz, of the stream of faces."""
MOST_CHANNELS = 8
REMEMBERED = 1_000
"""Words and breaks of a run, which may go on for hours."""
MARGIN = RATE // 25
"""Samples."""


@dataclass(frozen=True, slots=True)
class SaidWord:
    """A word of the speech, as the framework times it."""

    word: str
    start: int
    """Sample of the run, at the rate of the stream of faces; before 0 in what it goes on with."""


class SpeechRun:
    """Audio of one speech, without a break, and where its faces lie in the stream.

    A position is a sample of the run at `RATE`; `source` positions count the framework's own
    samples. Used by one event loop.
    """

    def __init__(
        self, number: int, context: str, sample_rate: int, channels: int, *, offset: int = 0
    ) -> None:
        """Begin with nothing.

        Args:
            number: of the turn of the stream.
            context: what the framework calls the speech.
            sample_rate: Hz, of the framework's audio.
            channels: of the framework's audio, interleaved.
            offset: source samples of the same speech in runs before this one.

        Raises:
            ConfigError: there is no such audio.
        """
        if not 1 <= channels <= MOST_CHANNELS:
            raise ConfigError(f"speech has 1 to {MOST_CHANNELS} channels, not {channels}")
        self.number = number
        self.context = context
        self.sample_rate = sample_rate
        self.channels = channels
        self.offset = offset
        self.interruptible = True
        """Whether an interruption stops it."""
        self.pushed = 0
        """Source samples that came."""
        self.sent = 0
        """Samples at `RATE` that were sent to be faced."""
        self.faced = 0
        """Position up to which there are faces."""
        self.ended = False
        """Whether no more speech comes."""
        self.ended_at = 0
        """When it ended, in ns."""
        self.over = False
        """Whether no more faces come: all are there, or they cannot be made."""
        self.played = 0
        """Position up to which a transport has taken it, or is known to."""
        self.words: list[SaidWord] = []
        """In the order of their time."""
        self._resampler = StreamResampler(sample_rate, RATE, channels, live=True)
        self._half = b""
        self._places: list[tuple[int, int]] = []
        """(position, sample of the stream) of each place where it begins or goes on."""

    def resample(self, pcm: bytes) -> Samples:
        """Take 16-bit PCM, and return what is to be faced, at `RATE`; half a sample waits."""
        pcm = self._half + pcm
        width = 2 * self.channels
        whole = len(pcm) - len(pcm) % width
        self._half = pcm[whole:]
        self.pushed += whole // width
        block = np.frombuffer(pcm, "<i2", count=whole // 2).astype(np.float32) / np.float32(32_768)
        return self._resampler.push(block.reshape(-1, self.channels))

    def flush(self) -> Samples:
        """Return what the resampler holds back."""
        return self._resampler.flush()

    def position(self, source: int) -> int:
        """Return the position of a source sample."""
        return source * RATE // self.sample_rate

    def source(self, position: int) -> int:
        """Return the source sample of a position."""
        return position * self.sample_rate // RATE

    def has_faces(self, source: int) -> bool:
        """Tell whether there are faces up to a source sample and a little more, or none will come.

        The little more is for a TTS that is no faster than its sound.
        """
        return self.over or self.faced >= self.position(source) + MARGIN

    def place(self, position: int, sample: int) -> None:
        """Note that it begins, or goes on, at a sample of the stream."""
        self._places.append((position, sample))
        del self._places[1:-REMEMBERED]

    def note(self, text: str, start: int) -> None:
        """Take a word that begins at a position; of more than one, nobody knows when each does."""
        words = [part for part in text.split() if any(map(str.isalnum, part))]
        if len(words) == 1:
            insort(self.words, SaidWord(words[0], start), key=lambda word: word.start)
            del self.words[:-REMEMBERED]

    def go_on_with(self, before: "SpeechRun") -> None:
        """Take over the words of the run of the same speech before this one."""
        said = before.position(before.pushed)
        self.words[:0] = [SaidWord(word.word, word.start - said) for word in before.words]
        del self.words[:-REMEMBERED]

    def own(self, sample: int) -> int:
        """Return the position of a sample of the stream, which is not before the run."""
        at = bisect_right(self._places, sample, key=lambda place: place[1]) - 1
        position, placed = self._places[max(at, 0)]
        return position + sample - placed

    def stream(self, position: int) -> int | None:
        """Return the sample of the stream of a position; None if it has none yet."""
        at = bisect_right(self._places, position, key=lambda place: place[0]) - 1
        if at < 0:
            return None
        begins, placed = self._places[at]
        return placed + position - begins

    def since_begun(self, position: int) -> int:
        """Return how many samples of the stream are between its beginning and a position."""
        begin, sample = self.stream(0), self.stream(position)
        return 0 if begin is None or sample is None else sample - begin

    def words_before(self, position: int) -> list[str]:
        """Return the words that begin before a position, the last thousand of them."""
        count = bisect_left(self.words, position, key=lambda word: word.start)
        return [word.word for word in self.words[:count]]
