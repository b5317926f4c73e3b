"""Sentences of the natural voice: their latents, what is heard in their sound, and true faces.

    python -m facewire_training.recipes.joint.sentences --data DATA --out runs/joint/sentences

Those to train on are read books and words in any order; the built-in sentences, which the voice is
measured by, are kept for validation.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from facewire.speaking.voice import Speech
from facewire_engines.latents.session import GROUP, ROWS
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.geometry import HOP, SUREST
from facewire_engines.phones.phone_set import INDEX, TOKEN_RATE
from facewire_engines.voices.hibari.package import Hibari, load_hibari
from facewire_engines.voices.hibari.reading import split
from facewire_engines.voices.hibari.speech import latent_speech_of
from facewire_engines.voices.hibari.voice import HibariVoice, pieces, speed_of
from facewire_training.animation.effort import effort_from_audio
from facewire_training.animation.procedural import animate
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.corpus import SAMPLE_RATE
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.data.corpora.synthesised.texts import Texts
from facewire_training.data.recognisers import hear
from facewire_training.evaluation.voice import sentences
from facewire_training.option_ranges import COUNT, SEED
from facewire_training.phones import PhoneInterval
from facewire_training.training_run import read_arrays

RATES = (130, 160, 175, 175, 175, 200, 240)
"""Words a minute, each as likely as the others."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sentences:
    """What is known of the latents of several sentences, one behind the other."""

    latents: NDArray[np.float16]
    """[4 N, C]"""
    heard: NDArray[np.float16]
    """[5 N, 41] what the encoder says of the sound, 110 ms later: classes, and effort."""
    curves: NDArray[np.float16]
    """[5 N, 52] true faces: procedural, of phones and effort; or captured."""
    known: NDArray[np.bool_]
    """[5 N, 52] which of their weights are known."""
    starts: NDArray[np.int64]
    """[S + 1] the group of four latents, and of five rows, that each sentence begins with."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    def save(self, path: Path) -> None:
        """Write them."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{name: getattr(self, name) for name in self.__slots__})


def load_sentences(path: Path) -> Sentences:
    """Read what `save` wrote.

    Raises:
        ConfigError: there is no such file, or it is damaged.
    """
    made_by = "facewire_training.recipes.joint.sentences"
    return Sentences(**read_arrays(path, Sentences.__slots__, made_by))


def spoken(text: str, hibari: Hibari, rate: int) -> Iterator[Speech]:
    """Speak a text; the tokens of its speech are latents."""
    voice, speed = HibariVoice(hibari, rate), speed_of(rate)
    for piece in pieces(text):
        for reading in split(voice.read(piece)):
            if reading.sounds:
                made = hibari.synthesise(reading.symbols, speed, 50)
                yield latent_speech_of(reading, made, piece, speed)


def heard_rows(engine: PhonesEngine, before: Floats, samples: Floats) -> Floats:
    """Return what the encoder says of a sentence after another, [T, 41], where it is surest."""
    classes, effort = hear(engine, np.concatenate((before, samples)), SUREST)
    rows = np.concatenate((classes[0], effort[0, ..., None]), axis=-1)
    return rows[SUREST + len(before) // HOP :, SUREST]


def face(speech: Speech) -> Floats:
    """Return the procedural face of a sentence, [T, 52]."""
    count = len(speech.samples) // HOP
    phones = [
        PhoneInterval(p.start / SAMPLE_RATE, p.end / SAMPLE_RATE, INDEX[p.label])
        for p in speech.phones
    ]
    effort = effort_from_audio(speech.samples, SAMPLE_RATE)[:count]
    return animate(phones, (np.arange(count) + 0.5) / TOKEN_RATE, effort)


def collect(speeches: Iterable[Speech], engine: PhonesEngine) -> Sentences:
    """Hear and animate sentences."""
    before: Floats = np.zeros(0, np.float32)
    parts: list[tuple[NDArray[Any], ...]] = []
    for speech in speeches:
        rows = heard_rows(engine, before, speech.samples)
        half = (array.astype(np.float16) for array in (speech.tokens, rows, face(speech)))
        parts.append(tuple(half))
        before = speech.samples
    counts = [len(latents) // GROUP for latents, *_ in parts]
    joined: list[NDArray[Any]] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    latents, heard, curves = joined
    assert len(latents) * ROWS == len(heard) * GROUP
    return Sentences(
        latents,
        heard,
        curves,
        np.ones(curves.shape, np.bool_),
        np.cumsum([0, *counts]),
    )


def training_texts(data: Path, count: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield texts of read books and of words in any order."""
    texts = Texts(list(LibriSpeech(data / "librispeech").transcripts().values()))
    kept = set(sentences())
    while count:
        text = texts.draw(rng)
        if text not in kept:
            count -= 1
            yield text


def main() -> None:
    """Speak, hear, animate and write."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds librispeech/")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--sentences", type=COUNT, default=500, help="to train on")
    parser.add_argument("--seed", type=SEED, default=0, help="of the texts and their pace")
    options = parser.parse_args()
    hibari, engine = load_hibari(""), load_embedded()
    rng = np.random.default_rng(options.seed)
    texts = list(training_texts(options.data, options.sentences, rng))
    said = (
        speech
        for text in track(texts, description="speaking")
        for speech in spoken(text, hibari, int(rng.choice(RATES)))
    )
    collect(said, engine).save(options.out / "train.npz")
    said = (speech for text in sentences() for speech in spoken(text, hibari, 175))
    collect(said, engine).save(options.out / "validation.npz")


if __name__ == "__main__":
    run_command(main)
