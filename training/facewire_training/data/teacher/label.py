"""Let the teacher hear every shard of recorded speech, and keep what it finds probable.

    python -m facewire_training.data.teacher.label --corpus runs/corpus --run runs/teacher

Writes the soft labels that `facewire_training.data.soft_labels` reads, and tells how often they
agree with the labels that the shard has. Shards that this teacher has heard already are passed
over, so an interrupted run is simply started again. Synthesised speech has exact labels.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.corpus import TOKEN_SIZE
from facewire_training.data.shards import UNKNOWN, Shard, open_shard
from facewire_training.data.soft_labels import (
    labelled,
    load_soft,
    probabilities,
    quantised,
    save_soft,
)
from facewire_training.data.teacher.probe import Teacher, load_teacher
from facewire_training.data.teacher.scores import boundaries_late, score
from facewire_training.data.teacher.whisper import installed_model
from facewire_training.option_ranges import THREADS

RECORDED = ("librispeech", "readings", "voices", "speechocean", "grid")
"""Corpora of recorded English."""
FOLDERS = (".", "validation", "validation-captures")


def label(teacher: Teacher, shard: Shard) -> NDArray[np.uint8]:
    """Return what a teacher hears in every utterance of a shard, [T, 40]."""
    heard = [
        quantised(teacher.hear(shard.audio(index)))
        for index in track(range(len(shard)), description=shard.corpus)
    ]
    return np.concatenate(heard)


def main() -> None:
    """Label what this teacher has not heard yet, and print how it agrees with what is known."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--run", type=Path, required=True, help="folder that fit wrote")
    parser.add_argument("--model", type=Path, help="the Whisper that it was fitted to")
    parser.add_argument("--only", default=",".join(RECORDED), help="label these (comma between)")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    teacher = load_teacher(options.run, options.model or installed_model())
    for folder in (options.corpus / name for name in FOLDERS):
        for name in options.only.split(","):
            if not (folder / name / "shard.json").is_file():
                continue
            shard = open_shard(folder, name)
            if not labelled(folder, shard, teacher.fingerprint):
                save_soft(folder, shard, label(teacher, shard), teacher.fingerprint)
            print(f"{(folder / name).relative_to(options.corpus)}: {_agreement(folder, shard)}")


def _agreement(folder: Path, shard: Shard) -> str:
    soft = load_soft(folder, shard)
    labels = np.asarray(shard.labels)
    if soft is None or (labels == UNKNOWN).all():
        return f"{shard.hours:.2f} h, no labels to compare with"
    late = np.concatenate([_late(shard, soft, index) for index in range(len(shard))])
    return (
        f"{score(soft.argmax(axis=1).astype(np.uint8), labels)}; {len(late)} boundaries heard, "
        f"median {np.median(late):+.1f} ms, half within {np.median(np.abs(late)):.1f} ms"
    )


def _late(shard: Shard, soft: NDArray[np.uint8], index: int) -> list[float]:
    first, last = shard.starts[index : index + 2] // TOKEN_SIZE
    return boundaries_late(probabilities(soft[first:last]), shard.phones(index))


if __name__ == "__main__":
    run_command(main)
