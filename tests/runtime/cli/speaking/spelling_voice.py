"""A voice that spells, its decoder, and voices that never answer."""

import threading
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from facewire.clock import Clock
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.speaking.voice import Span, Speech
from facewire.tokens import TokenChunk, TokenSpace

SPACE = TokenSpace("letters", Fraction(100), 30)
RATE = 16_000


class LoudnessSession:
    """Tokens to faces whose first shape is the token, with a look-ahead of 100 ms."""

    def __init__(self) -> None:
        self.spec = StreamSpec(RATE, Fraction(60), RATE // 10)
        self._tokens: list[tuple[int, int]] = []
        self._frames = 0

    def push(self, chunk: TokenChunk) -> list[BlendshapeFrame]:
        assert chunk.start == 160 * len(self._tokens)
        self._tokens += [(int(token), chunk.turn) for token in chunk.tokens]
        return self._ready(160 * len(self._tokens) - self.spec.lookahead)

    def flush(self) -> list[BlendshapeFrame]:
        return self._ready(160 * len(self._tokens))

    def close(self) -> None:
        pass

    def _ready(self, end: int) -> list[BlendshapeFrame]:
        frames = []
        while (timestamp := self.spec.timestamp(self._frames)) < end:
            token, turn = self._tokens[timestamp // 160]
            weights = np.zeros(52, np.float32)
            weights[0] = token / 100
            frames.append(BlendshapeFrame(weights, self._frames, timestamp, turn))
            self._frames += 1
        return frames


class LoudnessDecoder:
    """Opens such sessions."""

    space = SPACE

    def session(
        self, *, frame_rate: Fraction, lookahead_ms: float, clock: Clock | None = None
    ) -> LoudnessSession:
        return LoudnessSession()


class SpellingVoice:
    """A voice that takes 50 ms for each letter, each of its own loudness."""

    sample_rate = RATE
    space = SPACE
    silence = 0
    decoder = LoudnessDecoder()

    def speak(self, text: str) -> Iterator[Speech]:
        for word in text.split():
            if word == "stumble":
                raise OSError("the voice is hoarse")
            ids = np.repeat([ord(letter) - 96 for letter in word], 5).astype(np.int32)
            samples = np.repeat(ids / 100, 160).astype(np.float32)
            yield Speech(samples, ids, (Span(word, 0, len(samples)),))


class HangingVoice(SpellingVoice):
    """A voice whose worker never answers; this one cannot be told to stop."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.end = threading.Event()

    def speak(self, text: str) -> Iterator[Speech]:
        self.asked.set()
        self.end.wait()
        yield from ()


class PatientVoice(HangingVoice):
    """A voice whose worker never answers, which can be told to stop."""

    def cancel(self) -> None:
        self.end.set()
