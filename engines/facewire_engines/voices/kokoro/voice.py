"""Kokoro's voices, from the user's own model files.

Its package needs torch, and espeak-ng under the GPL-3: it runs in a Python of its own.
"""

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from facewire.errors import ConfigError, EngineError
from facewire.speaking.voice import Speech
from facewire.toml_file import load_toml
from facewire_engines.voices.hibari.reading import Reading, Word
from facewire_engines.voices.hibari.speech import speech_of
from facewire_engines.voices.hibari.voice import USUAL
from facewire_engines.voices.own_process.process import Sentence, Worker
from facewire_engines.voices.own_process.voice import WorkerVoice

LANGUAGES = "abefhijpz"
"""Kokoro's letters: American, British, Spanish, French, Hindi, Italian, Japanese, Portuguese,
Mandarin."""


class KokoroSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that `--voice kokoro:FILE.toml` names; paths are as the file's."""

    voice: str
    """One of Kokoro's files, such as voices/af_heart.pt."""
    model: str = ""
    """A .pth with its config.json beside it; the one in the folder of `voices`, if not given."""
    language: str = ""
    """One of `LANGUAGES`; the first letter of the voice's file, if not given."""
    python: str = sys.executable
    """A Python in which `pip install kokoro` was run."""


def read_settings(argument: str) -> KokoroSettings:
    """Return what a file of settings says, or a voice alone.

    Raises:
        ConfigError: a file is missing, or not as it should be.
    """
    path = Path(argument)
    told = (
        KokoroSettings(voice=path.name) if path.suffix == ".pt" else load_toml(path, KokoroSettings)
    )
    voice = path.parent / told.voice
    model = path.parent / told.model if told.model else _model_beside(voice)
    for file in (voice, model, model.parent / "config.json"):
        if not file.is_file():
            raise ConfigError(
                f"there is no file {str(file)!r}; Kokoro needs a model .pth, its config.json "
                "beside it, and a voice .pt, download all three"
            )
    language = told.language or voice.name[0]
    if language not in LANGUAGES:
        raise ConfigError(
            f"Kokoro has no language {language!r}; set language to one of {', '.join(LANGUAGES)} "
            "in the file of the voice"
        )
    return KokoroSettings(voice=str(voice), model=str(model), language=language, python=told.python)


def kokoro_voice(settings: KokoroSettings, rate: int = USUAL) -> WorkerVoice:
    """Start Kokoro.

    Raises:
        ConfigError: it cannot be started, or does not load the model.
    """
    speed = rate / USUAL
    return WorkerVoice(kokoro_worker(settings), speed, partial(_speech, speed=speed))


def kokoro_worker(settings: KokoroSettings) -> Worker:
    """Return what is run, of settings that are complete."""
    return Worker(
        name="Kokoro",
        package="facewire_engines.voices.kokoro",
        python=settings.python,
        arguments=(settings.voice, settings.model, settings.language),
        needs="its Python needs kokoro 0.9.4, and both files have to be Kokoro's",
        slow=True,
    )


def reading_of(symbols: str, tokens: Iterable[tuple[str, str, str]], text: str) -> Reading:
    """Return which symbols make each word.

    Args:
        symbols: what is spoken.
        tokens: text, whether a space follows, and symbols; none where Kokoro tells none.
        text: what was read; its words are told apart by spaces if the symbols have as many.
    """
    spoken = list(tokens)
    if not spoken:
        parts = symbols.split(" ")
        written = text.split()
        if len(parts) != len(written):
            return Reading(symbols, ())
        spoken = [(word, " ", part) for word, part in zip(written, parts, strict=True)]
    joined = "".join(said + " " * bool(space) for _, space, said in spoken)
    at = len(joined.lstrip()) - len(joined)
    words, label, first = list[Word](), "", at
    for written_as, space, said in spoken:
        label, at = label + written_as, at + len(said)
        if space:
            words.append(Word(label.strip(), first, at))
            label, at = "", at + 1
            first = at
    words.append(Word(label.strip(), first, at))
    # What is too long for Kokoro is cut.
    return Reading(symbols, tuple(w for w in words if 0 <= w.first < w.end <= len(symbols)))


def _model_beside(voice: Path) -> Path:
    """Return the one model in the folder of a voice, or in the one above it."""
    folders = (voice.absolute().parent, voice.absolute().parent.parent)
    models = next((found for f in folders if (found := sorted(f.glob("*.pth")))), [])
    if len(models) != 1:
        raise ConfigError(
            f"there is {'more than one' if models else 'no'} model .pth by {str(voice)!r}; "
            "name one as model in a file: kokoro:FILE.toml"
        )
    return models[0]


def _speech(sentence: Sentence, _: str, speed: float) -> Speech | None:
    """Put a sentence on the clock of the tokens; None if nothing of it is heard."""
    told = sentence.told
    text = str(told["text"])
    reading = reading_of(str(told["symbols"]), told["tokens"], text)
    frames = np.array(told["frames"], np.int64)
    if len(frames) != len(reading.symbols) + 2:
        raise EngineError(
            f"Kokoro tells {len(frames)} times of {len(reading.symbols)} symbols; install 0.9.4"
        )
    if not reading.sounds:
        return None
    return speech_of(reading, frames, sentence.samples, text, speed)
