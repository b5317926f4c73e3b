"""Captured faces with latents of what was said: GRID's clips, said by the natural voice.

    python -m facewire_training.recipes.joint.captured --data DATA --out runs/joint/grid

writes the training clips twice, `replaced.npz` with the true durations of their words and
`free.npz` with the voice's own, padded or cut to the length of the clip; and the validation clips
with the true ones.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from facewire_engines.latents.session import GROUP, ROWS
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.geometry import HOP
from facewire_engines.voices.hibari.package import LATENT, SAMPLE_RATE, Hibari, load_hibari
from facewire_engines.voices.hibari.reading import Reading
from facewire_engines.voices.hibari.voice import HibariVoice
from facewire_training.command import make_parser, run_command
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.grid import Grid
from facewire_training.data.corpora.grid_words import SILENT, TimedWord, read_words
from facewire_training.option_ranges import COUNT
from facewire_training.recipes.joint.given_durations import GivenDurations, true_frames
from facewire_training.recipes.joint.sentences import Sentences, heard_rows

LATENT_S = LATENT / SAMPLE_RATE
NONE = np.zeros(0, np.float32)

Latents = NDArray[np.float32]


class Sayer:
    """Says the clips of GRID."""

    def __init__(self, hibari: Hibari, words: Path) -> None:
        """Get ready.

        Raises:
            ConfigError: the file cannot be read, or is not such a table.
        """
        self._hibari, self._voice = hibari, HibariVoice(hibari)
        self._given = GivenDurations(hibari.alphabet)
        self._words = {
            clip: [word for word in said if word.word not in SILENT]
            for clip, said in read_words(words).items()
        }

    def replaced(self, capture: Capture) -> Latents:
        """Return the latents of a clip with the durations of its words."""
        reading, words = self._read(capture)
        own = self._hibari.synthesise(reading.symbols, 1.0, 50).frames
        frames = true_frames(reading, own, words, capture.duration_s)
        return self._given.latents(reading.symbols, frames)

    def free(self, capture: Capture) -> Latents:
        """Return the voice's own latents, from the true first word on."""
        reading, words = self._read(capture)
        spoken = self._hibari.synthesise(reading.symbols, 1.0, 50)
        first = round(words[0].start_s / LATENT_S) - 2 * int(spoken.frames[0])
        places = np.arange(round(capture.duration_s / LATENT_S)) - first
        return spoken.latents[np.clip(places, 0, len(spoken.latents) - 1)]

    def _read(self, capture: Capture) -> tuple[Reading, list[TimedWord]]:
        words = self._words[capture.name]
        # A letter alone is read as one if it is written large.
        text = " ".join(w.word.upper() if len(w.word) == 1 else w.word for w in words)
        return self._voice.read(f"{text}."), words


def sentences_of(
    captures: Iterable[Capture], said: Sequence[Latents], engine: PhonesEngine
) -> Sentences:
    """Return clips as what the trainings learn from: what is heard is the true sound."""
    parts: list[tuple[NDArray[Any], ...]] = []
    for capture, own in zip(captures, said, strict=True):
        faces, seen = capture.tokens()
        groups = min(len(own) // GROUP, len(faces) // ROWS)
        rows = slice(groups * ROWS)
        told = heard_rows(engine, NONE, capture.samples[: groups * ROWS * HOP])
        halves = (own[: groups * GROUP], told[rows], faces[rows])
        parts.append((*(half.astype(np.float16) for half in halves), seen[rows]))
    starts = np.cumsum([0, *(len(one) // GROUP for one, *_ in parts)])
    joined: list[NDArray[Any]] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    latents, heard, curves, known = joined
    return Sentences(latents, heard, curves, known, starts)


def main() -> None:
    """Say the clips and write them."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds grid_s1/")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--clips", type=COUNT, default=300, help="to train on")
    options = parser.parse_args()
    folder, engine = options.data / "grid_s1", load_embedded()
    sayer = Sayer(load_hibari(""), folder / "words.tsv.gz")
    captures = list(islice(Grid(folder).train(), options.clips))
    for name, say in {"replaced": sayer.replaced, "free": sayer.free}.items():
        latents = [say(capture) for capture in track(captures, description=name)]
        sentences_of(captures, latents, engine).save(options.out / f"{name}.npz")


if __name__ == "__main__":
    run_command(main)
