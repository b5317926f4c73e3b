"""Make shards of captured faces, for training on them and for measuring against them.

    python -m facewire_training.data.prepare_captures --data DATA --out OUT --teacher TEACHER

`DATA` holds `grid_s1/` and `facegood/`. Beside each shard stand its targets (`targets.py`): the
true faces, which of their weights to trust, and the effort. What is for validation goes to
`OUT/validation-captures`, what is for the test to `OUT/test-captures`. Where the words are known
the teacher (or the embedded model, if none is given) aligns them; other tokens are labelled
`shards.UNKNOWN`, but for those that are certainly silent. Shards that are already there are kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facewire_training.animation.effort import effort_from_audio
from facewire_training.command import make_parser, run_command
from facewire_training.data import shards
from facewire_training.data.align import align, pronounced
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


def make(job: Job, listener: Recogniser) -> shards.Shard:
    """Make one shard and what stands beside it, or find it made.

    Raises:
        ConfigError: its data are missing.
    """
    about = {"version": VERSION, "aligner": listener.name if job.texts else None}
    if shards.is_whole(job.folder, about):
        found = shards.load_one(job.folder)
        if fits(job.folder.parent, found):
            return found
    captures = list(job.captures())
    job.folder.parent.mkdir(parents=True, exist_ok=True)
    faces = [capture.tokens() for capture in captures]
    efforts = [
        effort_from_audio(capture.samples, SAMPLE_RATE)[: len(curves)]
        for capture, (curves, _) in zip(captures, faces, strict=True)
    ]
    said = _said(captures, job.texts, listener.recognise)
    shard = shards.write(job.folder, said, about, uncovered=shards.UNKNOWN)
    targets = ShardTargets(
        effort=np.concatenate(efforts).astype(np.float16),
        curves=np.concatenate([curves for curves, _ in faces]).astype(np.float16),
        known=np.concatenate([known for _, known in faces]),
    )
    save_targets(job.folder.parent, shard, targets)
    return shard


def _said(
    captures: list[Capture], texts: dict[str, str], recognise: Recognise
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


def main() -> None:
    """Make the shards, and print what there is."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds grid_s1/ and facegood/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--teacher", type=Path, help="folder of the teacher that aligns")
    options = parser.parse_args()
    listener = recogniser(options.teacher)
    for job in jobs(options.data, options.out):
        shard = make(job, listener)
        where = job.folder.relative_to(options.out)
        print(f"{where}: {shard.hours:.2f} h, {len(shard)} clips")


if __name__ == "__main__":
    run_command(main)
