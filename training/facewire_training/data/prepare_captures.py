"""Make shards of captured faces, for training on them and for measuring against them.

    python -m facewire_training.data.prepare_captures --data DATA --out OUT --teacher TEACHER

`DATA` holds `grid_s1/` and `facegood/`. `--beat2 beat_english_v2.0.0 --matrix mat_final.npy` and
`--beat1 beat_english_v0.2.1` make those of the user's copy, by BEAT2's official split; what is
trained on them is non-commercial, and says so.

Beside each shard stand its targets (`targets.py`): the true faces, which of their weights to trust,
and the effort. What is for validation goes to `OUT/validation-captures`, what is for the test to
`OUT/test-captures`. Where the words are known the teacher (or the embedded model, if none is given)
aligns them; other tokens are labelled `shards.UNKNOWN`, but for those that are certainly silent.
Shards that are already there are kept.
"""

import argparse
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.animation.effort import effort_from_audio
from facewire_training.command import make_parser, run_command
from facewire_training.data import shards
from facewire_training.data.align import align, pronounced
from facewire_training.data.beat.beat1 import Beat1Corpus
from facewire_training.data.beat.beat2 import Beat2Corpus
from facewire_training.data.beat.split import FILE
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.data.corpora.facegood import Facegood
from facewire_training.data.corpora.grid import Grid
from facewire_training.data.corpora.grid_words import SILENT, Pronouncer, read_words
from facewire_training.data.recognisers import Recognise, Recogniser, recogniser
from facewire_training.data.targets import ShardTargets, fits, save_targets

VERSION = 4
"""Changes when the same data make other shards than before."""


@dataclass(frozen=True, slots=True)
class Job:
    """One shard to make."""

    folder: Path
    captures: Callable[[], Iterator[Capture]]
    texts: dict[str, str]
    """What is said in each clip, where somebody knows."""
    about: dict[str, str] = field(default_factory=dict)
    """What else decides what is made."""


def jobs(data: Path, out: Path) -> list[Job]:
    """Return the shards to make: of each corpus, training, validation and test."""
    grid, facegood = Grid(data / "grid_s1"), Facegood(data / "facegood")
    validation, test = out / "validation-captures", out / "test-captures"
    said = {
        clip: " ".join(timed.word for timed in words if timed.word not in SILENT)
        for clip, words in read_words(grid.root / "words.tsv.gz").items()
    }
    return [
        Job(out / "grid", grid.train, said),
        Job(out / "facegood", facegood.train, {}),
        Job(validation / "grid", grid.validation, said),
        Job(validation / "facegood", facegood.validation, {}),
        Job(test / "grid", grid.test, said),
        Job(test / "facegood", facegood.test, {}),
    ]


def beat2_jobs(root: Path, matrix: Path, out: Path) -> list[Job]:
    """Return the shards of BEAT2 to make; `additional` recordings are in none."""
    corpus = Beat2Corpus(root, matrix)
    about = {"split": _digest(root / FILE), "matrix": _digest(matrix)}
    return [
        Job(folder / "beat2", partial(corpus.captures, kind), {}, about)
        for folder, kind in _places(out)
    ]


def beat1_jobs(root: Path, split: Path, out: Path) -> list[Job]:
    """Return the shards of BEAT's first version to make, split as BEAT2 is."""
    corpus, about = Beat1Corpus(root, split), {"split": _digest(split)}
    return [
        Job(folder / "beat1", partial(corpus.captures, kind), {}, about)
        for folder, kind in _places(out)
    ]


def _places(out: Path) -> tuple[tuple[Path, str], ...]:
    return (
        (out, "train"),
        (out / "validation-captures", "val"),
        (out / "test-captures", "test"),
    )


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; is the corpus there?") from error


def make(job: Job, listener: Recogniser) -> shards.Shard:
    """Make one shard and what stands beside it, or find it made.

    Raises:
        ConfigError: its data are missing.
    """
    about = {"version": VERSION, "aligner": listener.name if job.texts else None, **job.about}
    if shards.is_whole(job.folder, about):
        found = shards.load_one(job.folder)
        if fits(job.folder.parent, found):
            return found
    job.folder.parent.mkdir(parents=True, exist_ok=True)
    faces = _Faces()
    said = _said(faces.kept(job.captures()), job.texts, listener.recognise)
    shard = shards.write(job.folder, said, about, uncovered=shards.UNKNOWN)
    save_targets(job.folder.parent, shard, faces.targets())
    return shard


class _Faces:
    """The faces of captures that went by: a corpus of a day of speech is never in memory whole."""

    def __init__(self) -> None:
        self._curves: list[NDArray[np.float16]] = []
        self._known: list[NDArray[np.bool_]] = []
        self._effort: list[NDArray[np.float16]] = []

    def kept(self, captures: Iterator[Capture]) -> Iterator[Capture]:
        """Yield the captures, and keep their faces."""
        for capture in captures:
            curves, known = capture.tokens()
            effort = effort_from_audio(capture.samples, SAMPLE_RATE)[: len(curves)]
            self._curves.append(curves.astype(np.float16))
            self._known.append(known)
            self._effort.append(effort.astype(np.float16))
            yield capture

    def targets(self) -> ShardTargets:
        """Return the faces of all, end to end."""
        return ShardTargets(
            effort=np.concatenate(self._effort),
            curves=np.concatenate(self._curves),
            known=np.concatenate(self._known),
        )


def _said(
    captures: Iterator[Capture], texts: dict[str, str], recognise: Recognise
) -> Iterator[Utterance]:
    """Yield the speech of captures, with phones where the text is known and fits."""
    if not texts:
        yield from (capture.utterance() for capture in captures)
        return
    pronounce = Pronouncer().phones
    for capture in captures:
        phones = align(recognise(capture.samples), pronounced(texts[capture.name], pronounce))
        spoken = capture.utterance()
        yield replace(spoken, phones=phones) if phones else spoken


def _chosen(options: argparse.Namespace) -> list[Job]:
    """Return the shards that are asked for.

    Raises:
        ConfigError: none is, or something is missing that they need.
    """
    planned = jobs(options.data, options.out) if options.data else []
    if options.beat2:
        if options.matrix is None:
            raise ConfigError("BEAT2 needs its authors' matrix; give the .npy file with --matrix")
        planned += beat2_jobs(options.beat2, options.matrix, options.out)
    if options.beat1:
        split = options.beat_split or (options.beat2 or options.beat1) / FILE
        if not split.is_file():
            raise ConfigError(
                f"there is no {split} that says who is for what; give BEAT2's with --beat-split"
            )
        planned += beat1_jobs(options.beat1, split, options.out)
    if not planned:
        raise ConfigError("nothing to make; give --data, --beat2 or --beat1")
    return planned


def main() -> None:
    """Make the shards, and print what there is."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, help="holds grid_s1/ and facegood/")
    parser.add_argument("--beat2", type=Path, help="a language's folder of BEAT2")
    parser.add_argument("--matrix", type=Path, help="BEAT2's mat_final.npy")
    parser.add_argument("--beat1", type=Path, help="a language's folder of BEAT")
    parser.add_argument("--beat-split", type=Path, help=f"{FILE}, if BEAT2 is not given")
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--teacher", type=Path, help="folder of the teacher that aligns")
    options = parser.parse_args()
    chosen = _chosen(options)
    listener = recogniser(options.teacher)
    for job in chosen:
        shard = make(job, listener)
        where = job.folder.relative_to(options.out)
        print(f"{where}: {shard.hours:.2f} h, {len(shard)} clips")


if __name__ == "__main__":
    run_command(main)
