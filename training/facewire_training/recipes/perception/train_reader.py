"""Train a lip reader on captured faces and on those of the rules, and say how well it reads.

    python -m facewire_training.recipes.perception.train_reader --data DATA --corpus runs/corpus \
        --out runs/reader
    python -m facewire_training.recipes.perception.train_reader --data DATA --corpus runs/corpus \
        --out runs/judge --memory gru --seed 1

It learns from GRID's training clips, and from the rules' faces of LibriSpeech's training speakers;
every crop is drawn in another look. It is tried on GRID's validation clips, and on the rules' faces
of validation speakers. The labels are Oculus Lipsync's fifteen visemes, of the phone at each
frame's moment. `guessed` is what always the most frequent one would get; `balanced` is the mean
over visemes, of which guessing gets 1/15.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional

from facewire.report_file import command_line, today, write_report
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.evaluation.performers import oracle
from facewire_training.option_ranges import COUNT, LEARNING_RATE, SEED, SHARE, STEPS, THREADS, WIDTH
from facewire_training.recipes.perception.reader import (
    FILE,
    FRONTS,
    MEMORIES,
    LipReader,
    ReaderConfig,
    save_reader,
)
from facewire_training.recipes.perception.renderer import LOOK, USUAL_LOOK
from facewire_training.recipes.perception.seen_speech import (
    FRAME_RATE,
    UNTOLD,
    Seen,
    crops,
    seen_shard,
    seen_take,
)
from facewire_training.recipes.tokens_to_faces.probes.visemes import VISEMES
from facewire_training.training_run import check_numbers, hold_folder, replace_text, show_progress

_VARIES = {
    "skin": 0.15, "lips": 0.08, "inside": 0.03, "teeth": 0.1, "tongue": 0.08, "x": 3.0, "y": 3.0,
    "scale": 0.08,
}  # fmt: skip
"""How far the look of a crop may be from the usual one."""


@dataclass(frozen=True, slots=True)
class ReadingConfig:
    """How a reader is trained."""

    steps: int = 1500
    rate: float = 2e-3
    captured: float = 0.4
    """Share of crops with captured faces."""
    crops: int = 8
    """In a batch."""
    frames: int = 40
    """Of a crop: 1.6 s."""


def train_reader(
    reader: LipReader, rules: Sequence[Seen], captured: Sequence[Seen], config: ReadingConfig
) -> None:
    """Train a reader in place; the seed of its crops is its own."""
    rng = np.random.default_rng(reader.config.seed)
    optimizer = torch.optim.AdamW(reader.parameters(), lr=config.rate, weight_decay=0.02)
    # A climb of one step alone is a division by zero in torch.
    climb = 0.1 if config.steps > 10 else 0.3
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.rate, total_steps=config.steps, pct_start=climb
    )
    of_captured = round(config.crops * config.captured)
    counts = ((rules, config.crops - of_captured), (captured, of_captured))
    reader.train()
    with show_progress() as progress:
        bar = progress.add_task("reading", total=config.steps)
        for step in range(config.steps):
            parts = [crops(one, count, config.frames, rng) for one, count in counts if count]
            faces, labels = (torch.cat(column) for column in zip(*parts, strict=True))
            scores = reader(faces, some_looks(len(faces), rng))
            loss = functional.cross_entropy(
                scores.flatten(0, 1), labels.flatten(), ignore_index=UNTOLD, label_smoothing=0.05
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
            length = float(torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0))
            check_numbers(step, length, {"reading": float(loss.detach())})
            optimizer.step()
            schedule.step()
            progress.update(bar, advance=1, description=f"reading {float(loss.detach()):.3f}")
    reader.eval()


def some_looks(count: int, rng: np.random.Generator) -> Tensor:
    """Return looks of faces that differ, `[count, 8]`."""
    varies = np.array([_VARIES[name] for name in LOOK])
    looks = np.array(USUAL_LOOK) + varies * rng.uniform(-1, 1, (count, len(LOOK)))
    return torch.from_numpy(looks.astype(np.float32))


@torch.no_grad()
def recognition(reader: LipReader, speech: Sequence[Seen]) -> dict[str, float]:
    """Return how much of some speech a reader recognises: shares of frames, as the module says."""
    table = np.zeros((len(VISEMES), len(VISEMES)))
    for one in speech:
        read = reader(torch.from_numpy(one.faces)[None])[0].argmax(-1).numpy()
        told = one.labels != UNTOLD
        np.add.at(table, (one.labels[told], read[told]), 1)
    said = table.sum(axis=1)
    moving = 1 - said[0] / said.sum()
    right = np.diag(table)
    return {
        "recognised": float(right.sum() / said.sum()),
        "guessed": float(said.max() / said.sum()),
        "recognised in speech": float(right[1:].sum() / said[1:].sum()) if moving else float("nan"),
        "guessed in speech": float(said[1:].max() / said[1:].sum()) if moving else float("nan"),
        "balanced": float((right[said > 0] / said[said > 0]).mean()),
    }


def validation_speech(data: Path, corpus: Path, utterances: int) -> dict[str, list[Seen]]:
    """Return what readers are tried on, by name."""
    everything = list(LibriSpeech(data / "librispeech").validation())
    chosen = np.linspace(0, len(everything) - 1, utterances, dtype=int)
    takes = [oracle(everything[place], FRAME_RATE) for place in chosen]
    return {
        "captured (GRID)": seen_shard(corpus, "validation-captures/grid"),
        "rules (LibriSpeech)": [seen_take(take) for take in takes],
    }


def main() -> None:
    """Train, try, print and write."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    config = ReaderConfig(
        front=options.front,
        memory=options.memory,
        channels=(8, 24, 48) if options.memory == "gru" else (16, 32, 64),
        width=options.width,
        layers=1 if options.memory == "gru" else 3,
        seed=options.seed,
    )
    torch.manual_seed(config.seed)
    reader = LipReader(config)
    rules, captured = (seen_shard(options.corpus, name) for name in ("librispeech", "grid"))
    with hold_folder(options.out):
        train_reader(
            reader, rules, captured, ReadingConfig(options.steps, options.rate, options.captured)
        )
        save_reader(reader, options.out / FILE)
        replace_text(options.out / "command.txt", f"{command_line()}\n")
        speech = validation_speech(options.data, options.corpus, options.validation)
        rows = {name: recognition(reader, seen) for name, seen in speech.items()}
        report = {"command": command_line(), "date": today(), "recognition": rows}
        write_report(options.out / "recognition.json", report)
    _print(rows)


def _parser() -> argparse.ArgumentParser:
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds librispeech/")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder for the reader")
    parser.add_argument("--front", choices=FRONTS, default="pictures", help="what it looks at")
    parser.add_argument(
        "--memory", choices=MEMORIES, default="convolutions", help="how it sees before and after"
    )
    parser.add_argument("--width", type=WIDTH, default=128, help="features of a frame")
    parser.add_argument("--steps", type=STEPS, default=1500, help="batches of 8 crops of 1.6 s")
    parser.add_argument("--rate", type=LEARNING_RATE, default=2e-3, help="highest learning rate")
    parser.add_argument("--captured", type=SHARE, default=0.4, help="share of captured faces")
    parser.add_argument("--seed", type=SEED, default=0, help="of its weights and crops")
    parser.add_argument("--validation", type=COUNT, default=40, help="utterances of the rules")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    return parser


def _print(rows: Mapping[str, Mapping[str, float]]) -> None:
    table = Table("frames, %")
    for name in next(iter(rows.values())):
        table.add_column(name, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(f"{100 * value:.1f}" for value in row.values()))
    Console().print(table)


if __name__ == "__main__":
    run_command(main)
