"""A voice without sound, that mouths words when their signs are."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np

from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire.speaking.voice import Span, Speech, Voice
from facewire_engines.phones.phone_set import INDEX, PHONES, TOKEN_RATE
from facewire_engines.phones.token_session import PHONETIC
from facewire_engines.voices.mouthing.fitting import LEAST_S, Shape, fit
from facewire_engines.voices.mouthing.gloss_file import Sign

REST_S = 0.3
"""How long the mouth is shown after the last sign."""
_SILENCE = INDEX["sil"]

Phones = tuple[tuple[str, float], ...]
"""Labels of `PHONES`, and how long each lasts in speech, in seconds."""


class MouthingVoice:
    """Mouths a list of signs, at their times and whatever text it is given. Used by one thread."""

    def __init__(
        self,
        voice: Voice,
        signs: Sequence[Sign],
        *,
        name: str,
        on_problem: Callable[[str], None] = lambda problem: None,
    ) -> None:
        """Choose who knows how words are said.

        Args:
            voice: pronounces the mouthings; its phones have to be those of the embedded model.
            signs: what is mouthed, in order.
            name: of the file that they are from, for what is told of them.
            on_problem: is told of mouthings that are too fast for their signs.

        Raises:
            ConfigError: the voice's tokens are of another kind.
        """
        if voice.space != PHONETIC:
            raise ConfigError(
                "a gloss file needs a voice that tells its phones; choose --voice espeak and "
                "--face phones"
            )
        self._voice = voice
        self._signs = tuple(signs)
        self._name = name
        self._on_problem = on_problem
        self.sample_rate = voice.sample_rate
        self.space = voice.space
        self.silence = voice.silence

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the signs one by one, each with the rest before it; a second time, nothing.

        All are pronounced before the first one is mouthed, so that a wrong one makes nothing.

        Raises:
            ConfigError: a mouthing cannot be pronounced.
        """
        signs, self._signs = self._signs, ()
        pronounce = cache(self._phones)  # signs come again
        reached = 0
        for sign, shapes in [(sign, self._shapes(sign, pronounce)) for sign in signs]:
            start, end = _tokens(sign)
            if end <= start:
                continue
            tokens = np.full(end - reached, _SILENCE, np.int32)
            phones = tuple(_place(tokens, shapes, start - reached, self._samples))
            shift = self._samples(start - reached)
            words = (Span(sign.word, shift, self._samples(end - reached)),)
            samples: Samples = np.zeros(self._samples(end - reached), np.float32)
            yield Speech(samples, tokens, words, phones)
            reached = end
        if reached:
            # The last mouthing comes to rest, too.
            tokens = np.full(round(REST_S * TOKEN_RATE), _SILENCE, np.int32)
            yield Speech(np.zeros(self._samples(len(tokens)), np.float32), tokens)

    def _samples(self, tokens: int) -> int:
        return self.space.sample(tokens, self.sample_rate)

    def _shapes(self, sign: Sign, pronounce: Callable[[str], Phones]) -> tuple[Shape, ...]:
        where = f"{self._name}, line {sign.line}"
        start, end = _tokens(sign)
        if end <= start:
            self._on_problem(
                f"{where}: {sign.word!r} lasts {sign.end_s - sign.start_s:.3g} s, too short to be "
                f"seen, and is left out; give the sign {LEAST_S:.2f} s"
            )
            return ()
        if not sign.mouthing:
            return ()
        phones = pronounce(sign.mouthing)
        if not phones:
            raise ConfigError(
                f"{where}: {sign.mouthing!r} cannot be pronounced; write a word of the --language"
            )
        room_s = (end - start) / TOKEN_RATE
        fitted = fit(phones, room_s)
        if fitted.too_many:
            self._on_problem(
                f"{where}: {sign.mouthing!r} is {fitted.too_many} shapes of the mouth in "
                f"{room_s:.2f} s, too fast to be seen; give the sign "
                f"{fitted.too_many * LEAST_S:.2f} s, or mouth less of the word"
            )
        return fitted.shapes

    def _phones(self, mouthing: str) -> Phones:
        """Return what the voice makes of a word, without silence."""
        return tuple(
            (span.label, (span.end - span.start) / self.sample_rate)
            for speech in self._voice.speak(mouthing)
            for span in speech.phones
            if span.label != PHONES[_SILENCE]
        )


def _tokens(sign: Sign) -> tuple[int, int]:
    """Return the first token of a sign, and the first one after it."""
    return round(sign.start_s * TOKEN_RATE), round(sign.end_s * TOKEN_RATE)


def _place(
    tokens: np.ndarray, shapes: Sequence[Shape], first: int, samples: Callable[[int], int]
) -> Iterator[Span]:
    """Write shapes into tokens from the first one on, and yield them as phones."""
    at_s = 0.0
    for shape in shapes:
        begin, at_s = first + round(at_s * TOKEN_RATE), at_s + shape.duration_s
        end = first + round(at_s * TOKEN_RATE)
        if end > begin:
            tokens[begin:end] = shape.phone
            yield Span(PHONES[shape.phone], samples(begin), samples(end))
