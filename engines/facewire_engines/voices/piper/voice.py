"""Piper's voices, from the user's own model files.

Piper is under the GPL-3, so nothing of it is loaded here: it runs in a Python of its own.
"""

import sys
from pathlib import Path

import msgspec
import numpy as np

from facewire.errors import ConfigError
from facewire.speaking.voice import Span, Speech
from facewire.toml_file import load_toml
from facewire_engines.phones.geometry import HOP
from facewire_engines.phones.ipa import nearest_phones
from facewire_engines.voices.own_process.process import Sentence, Worker
from facewire_engines.voices.own_process.voice import WorkerVoice
from facewire_engines.voices.phone_times import (
    TimedPhone,
    phone_spans,
    phone_tokens,
    resampled,
    token_samples,
)

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


def piper_voice(settings: PiperSettings, rate: int = USUAL) -> WorkerVoice:
    """Start Piper.

    Raises:
        ConfigError: it cannot be started, or does not load the model.
    """
    return WorkerVoice(piper_worker(settings), rate / USUAL, speech_of)


def piper_worker(settings: PiperSettings) -> Worker:
    """Return what is run."""
    needs = "its Python needs piper-tts[alignment], and its model a file .onnx.json beside it"
    package = "facewire_engines.voices.piper"
    return Worker("Piper", package, settings.python, (settings.model,), needs)


def speech_of(sentence: Sentence, text: str) -> Speech:
    """Put a sentence on the clock of the tokens; with its words, if they can be told apart."""
    sample_rate = sentence.sample_rate
    samples = token_samples(sentence.samples, sample_rate)
    phones, words = timed_phones(
        tuple((str(name), int(count)) for name, count in sentence.told["phones"])
    )
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
