"""What a worker has sent of one turn, as speech: tokens at once, audio up to whole tokens."""

import numpy as np
import soxr
from numpy.typing import NDArray

from facewire.errors import EngineError
from facewire.frames import Samples
from facewire.speaking.voice import Speech
from facewire.tokens import TokenSpace
from facewire_engines.voices.cosyvoice.messages import Done, Piece


class TurnIntake:
    """Takes tokens and audio as they come, and refuses what does not add up."""

    def __init__(self, space: TokenSpace, theirs: int, ours: int) -> None:
        """Get ready.

        Args:
            space: what the tokens are.
            theirs: the rate of the worker's audio, in Hz.
            ours: the rate that is wanted, in Hz.
        """
        self._space, self._theirs, self._ours = space, theirs, ours
        self._tokens = np.zeros(0, np.int32)
        """All that came in this turn, used or not."""
        self._audio = np.zeros(0, np.float32)
        """At our rate, not yet given."""
        self._heard = 0
        """Samples that came, at their rate."""
        self._given = 0
        """Tokens that were given."""
        self._sounded = 0
        """Tokens whose audio was given."""
        self._resampler = (
            soxr.ResampleStream(theirs, ours, 1, dtype="float32") if theirs != ours else None
        )

    @property
    def ahead(self) -> NDArray[np.int32]:
        """The tokens of which the audio has not come, ids [T]: what a decoder may look into."""
        return self._tokens[self._sounded :]

    def take(self, piece: Piece, payload: bytes) -> None:
        """Add what came.

        Raises:
            EngineError: it is not what follows, or not what it says to be.
        """
        expected = len(self._tokens), self._heard, 4 * (piece.tokens + piece.samples)
        if (piece.first_token, piece.first_sample, len(payload)) != expected:
            raise EngineError(_wrong("a piece that does not follow the one before"))
        numbers = np.frombuffer(payload, "<i4", piece.tokens)
        if len(numbers) and not 0 <= int(numbers.min()) <= numbers.max() < self._space.vocabulary:
            raise EngineError(_wrong(f"a token outside of the {self._space.vocabulary} there are"))
        self._tokens = np.concatenate((self._tokens, numbers))
        samples = np.frombuffer(payload, "<f4", piece.samples, 4 * piece.tokens)
        self._heard += len(samples)
        if self._heard > self._space.sample(len(self._tokens), self._theirs):
            raise EngineError(_wrong(self._counts()))
        self._append(samples, last=False)

    def ready(self) -> Speech | None:
        """Return what has come and was not given: tokens, and the audio of whole ones."""
        end = self._space.sample(self._sounded, self._ours) + len(self._audio)
        return self._give(min(self._space.token(end, self._ours), len(self._tokens)))

    def finish(self, done: Done) -> Speech | None:
        """Return what is left.

        Raises:
            EngineError: there are not as many samples as the tokens stand for.
        """
        wanted = self._space.sample(len(self._tokens), self._theirs)
        if (len(self._tokens), self._heard) != (done.tokens, done.samples) or self._heard != wanted:
            raise EngineError(_wrong(self._counts()))
        self._append(np.zeros(0, np.float32), last=True)
        # What a resampler lacks or has too much at its end, less than a millisecond.
        rest = self._space.sample(len(self._tokens), self._ours)
        rest -= self._space.sample(self._sounded, self._ours)
        self._audio = np.pad(self._audio, (0, max(0, rest - len(self._audio))))[:rest]
        return self._give(len(self._tokens))

    def _give(self, end: int) -> Speech | None:
        """Return the tokens that are new, and the audio up to the one before `end`."""
        if end <= self._sounded and len(self._tokens) == self._given:
            return None
        first, last = (self._space.sample(token, self._ours) for token in (self._sounded, end))
        speech = Speech(self._audio[: last - first], self._tokens[self._given :])
        self._audio = self._audio[last - first :]
        self._given, self._sounded = len(self._tokens), end
        return speech

    def _append(self, samples: Samples, *, last: bool) -> None:
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        self._audio = np.concatenate((self._audio, np.clip(samples, -1, 1)))

    def _counts(self) -> str:
        return f"{self._heard} samples for {len(self._tokens)} tokens"


def _wrong(what: str) -> str:
    return f"the CosyVoice worker sent {what}, so face and sound would part; start it again"
