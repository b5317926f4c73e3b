"""The phones of any voice that gives audio: the embedded encoder listens before anybody hears it.

For voices whose own tokens nothing here can decode. Audio that waits to be played may be listened
to as far ahead as the encoder is surest, which takes 110 ms of it.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Self

import numpy as np
from numpy.typing import NDArray

from facewire.frames import Samples
from facewire.speaking.voice import SentenceVoice, Speech, Voice
from facewire.tokens import TokenSpace
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.engine import ENCODER_INPUTS, PhonesEngine
from facewire_engines.phones.geometry import HOP, SUREST
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.phones.token_session import PHONETIC

_ALONE = np.zeros(1, np.int64)


class HeardVoice:
    """A voice with the tokens of the embedded model. Used by one thread at a time."""

    def __init__(self, voice: Voice, engine: PhonesEngine) -> None:
        """Get ready.

        Args:
            voice: speaks, at 16 kHz.
            engine: has the encoder.

        Raises:
            ValueError: the voice has another rate.
        """
        if voice.sample_rate != SAMPLE_RATE:
            raise ValueError(f"expected a voice at {SAMPLE_RATE} Hz, got {voice.sample_rate} Hz")
        self.sample_rate = SAMPLE_RATE
        self.space: TokenSpace = PHONETIC
        self.silence = INDEX["sil"]
        self.whole_sentences = isinstance(voice, SentenceVoice) and voice.whole_sentences
        self._voice = voice
        self._engine = engine

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the speech of a text, as the voice makes it; its words and phones get lost."""
        ear = Ear(self._engine)
        for speech in self._voice.speak(text):
            heard = ear.hear(speech.samples)
            if heard is not None:
                yield heard
        last = ear.finish()
        if last is not None:
            yield last

    def cancel(self) -> None:
        """End what is spoken, where the voice can be told to."""
        cancel = getattr(self._voice, "cancel", None)
        if cancel is not None:
            cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if isinstance(self._voice, AbstractContextManager):
            self._voice.__exit__(None, None, None)


class Ear:
    """Listens to one piece of speech: gives its audio back with tokens, a little later."""

    def __init__(self, engine: PhonesEngine) -> None:
        self._encoder = engine.encoder.streams(1)
        self._waiting: Samples = np.zeros(0, np.float32)
        """Audio that was not given back."""
        self._heard = 0
        """Samples of it that the encoder has heard."""
        self._steps = 0

    def hear(self, samples: Samples) -> Speech | None:
        """Take audio, and return what is sure by now."""
        self._waiting = np.concatenate((self._waiting, samples))
        return self._listen(self._waiting)

    def finish(self) -> Speech | None:
        """Return what is left, to whole tokens, as if silence followed."""
        rest = len(self._waiting) + (-len(self._waiting)) % HOP
        if not rest:
            return None
        self._waiting = np.pad(self._waiting, (0, rest - len(self._waiting)))
        return self._listen(np.pad(self._waiting, (0, SUREST * HOP)))

    def _listen(self, audio: Samples) -> Speech | None:
        ids: list[int] = []
        while self._heard + HOP <= len(audio):
            hop = audio[self._heard : self._heard + HOP]
            classes, _ = self._encoder.step(_ALONE, {ENCODER_INPUTS[0]: hop[None]})
            self._heard += HOP
            self._steps += 1
            if self._steps > SUREST:
                ids.append(int(classes[0, 0, SUREST].argmax()))
        return self._give(np.array(ids, np.int32)) if ids else None

    def _give(self, tokens: NDArray[np.int32]) -> Speech:
        count = len(tokens) * HOP
        speech = Speech(self._waiting[:count], tokens)
        self._waiting = self._waiting[count:]
        self._heard -= count
        return speech
