"""Piper's voices, from the user's own model files; they run in Piper's own Python."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec
import numpy as np

from facewire.errors import ConfigError, EngineError
from facewire.speaking.clauses import ClauseSplitter, SentenceJoiner
from facewire.speaking.voice import Span, Speech
from facewire.tokens import TokenSpace
from facewire.toml_file import load_toml
from facewire_engines.hearing.hop_intake import SAMPLE_RATE
from facewire_engines.phones.geometry import HOP
from facewire_engines.phones.ipa import nearest_phones
from facewire_engines.phones.phone_set import INDEX
from facewire_engines.phones.token_session import PHONETIC
from facewire_engines.voices.phone_times import (
    TimedPhone,
    phone_spans,
    phone_tokens,
    resampled,
    token_samples,
)
from facewire_engines.voices.piper.process import PiperProcess, Sentence

USUAL = 175
"""Words a minute at the speed that a model was trained at."""
_STRESS = frozenset("ˈˌ")
_LONG = "ː"


class PiperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that `--voice piper:FILE.toml` names; paths are as the file's."""

    model: str
    """A voice of Piper's, with its .onnx.json beside it."""
    python: str = sys.executable
    """A Python in which `pip install "piper-tts[alignment]"` was run."""


def read_settings(argument: str) -> PiperSettings:
    """Return what a file of settings says, or a model alone.

    Raises:
        ConfigError: a file is missing, or not as it should be.
    """
    path = Path(argument)
    if path.suffix == ".onnx":
        settings = PiperSettings(model=str(path))
    else:
        settings = load_toml(path, PiperSettings)
        settings = msgspec.structs.replace(settings, model=str(path.parent / settings.model))
    for file in (Path(settings.model), Path(f"{settings.model}.json")):
        if not file.is_file():
            raise ConfigError(
                f"there is no file {str(file)!r}; Piper's voices have two, download both"
            )
    return settings


class PiperVoice:
    """Speaks sentence by sentence. Used by one thread at a time, save for `cancel`."""

    def __init__(self, settings: PiperSettings, rate: int = USUAL) -> None:
        """Start Piper.

        Raises:
            ConfigError: it cannot be started, or does not load the model.
        """
        self.sample_rate = SAMPLE_RATE
        self.space: TokenSpace = PHONETIC
        self.silence = INDEX["sil"]
        self._settings = settings
        self._speed = rate / USUAL
        self._turn = 0
        self._busy = False
        self._process = self._start()
        self.timed = self._process.timed
        """Whether it tells times; otherwise its tokens all say silence."""

    def speak(self, text: str) -> Iterator[Speech]:
        """Yield the speech of each sentence; text without anything to be spoken gives nothing.

        Raises:
            ConfigError: Piper ended, and does not start again.
            EngineError: it fails at a text.
        """
        turn = self._turn
        splitter, joiner = ClauseSplitter(), SentenceJoiner()
        clauses = (*splitter.push(text), *splitter.flush())
        for piece in (*(p for c in clauses for p in joiner.push(c)), *joiner.flush()):
            if self._turn != turn:
                return
            if any(character.isalnum() for character in piece):
                yield from self._say(piece, turn)

    def cancel(self) -> None:
        """End what is spoken, from any thread; the next turn works."""
        self._turn += 1
        if self._busy:
            self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.close()

    def _start(self) -> PiperProcess:
        return PiperProcess(self._settings.python, Path(self._settings.model))

    def _say(self, piece: str, turn: int) -> Iterator[Speech]:
        self._busy = True
        try:
            # All of a sentence is taken at once: who leaves in the middle leaves nothing behind.
            sentences = self._spoken(piece)
        except EngineError:
            if self._turn != turn:
                return
            if not self._process.killed:
                raise
            # It was killed for the turn before this one.
            sentences = self._spoken(piece)
        finally:
            self._busy = False
        for sentence in sentences:
            if len(sentence.samples):
                yield speech_of(
                    sentence, piece if len(sentences) == 1 else "", self._process.sample_rate
                )

    def _spoken(self, piece: str) -> list[Sentence]:
        """Have a piece spoken, by a new process if the last one ended."""
        if not self._process.running:
            self._process.close()
            self._process = self._start()
        return list(self._process.speak(piece, self._speed))


def speech_of(sentence: Sentence, text: str, sample_rate: int) -> Speech:
    """Put a sentence on the clock of the tokens; with its words, if they can be told apart."""
    samples = token_samples(sentence.samples, sample_rate)
    phones, words = timed_phones(sentence.phones)
    spans = phone_spans(phones, sample_rate)
    written = text.split()
    told = tuple(
        Span(label, resampled(start, sample_rate), resampled(end, sample_rate))
        for label, (start, end) in zip(written, words, strict=False)
    )
    tokens = phone_tokens(spans, len(samples) // HOP)
    return Speech(samples, tokens, told if len(words) == len(written) else (), spans)


def timed_phones(
    marks: tuple[tuple[str, int], ...],
) -> tuple[list[TimedPhone], list[tuple[float, float]]]:
    """Return phones with their times, and the bounds of each word between spaces.

    A diphthong or an affricate is one phone; a sign of stress belongs to the phone after it, and
    one of length to the phone before.
    """
    phones: list[TimedPhone] = []
    words: list[tuple[float, float]] = []
    at = begin = 0.0
    new, before = True, ""
    for name, count in marks:
        at += count
        if name in _STRESS:
            before = ""
            continue
        if name == _LONG and phones:
            phones[-1] = TimedPhone(phones[-1].start, at, phones[-1].phone)
            words[-1] = (words[-1][0], at)
        joined = nearest_phones(before + name) if before and name != _LONG else ()
        if len(joined) == 1 and len(nearest_phones(name)) == 1:
            # Diphthongs and affricates are written by two letters.
            phones[-1] = TimedPhone(phones[-1].start, at, joined[0])
            words[-1] = (words[-1][0], at)
            before, begin = before + name, at
            continue
        classes = nearest_phones(name)
        before = name if len(classes) == 1 else ""
        edges = np.linspace(begin, at, len(classes) + 1).tolist()
        for start, end, phone in zip(edges[:-1], edges[1:], classes, strict=True):
            phones.append(TimedPhone(start, end, phone))
        if classes:
            words[len(words) - (not new) :] = [(begin if new else words[-1][0], at)]
            new = False
        new = new or name == " "
        begin = at
    return phones, words
