"""Train a decoder in three stages: on rules, on captured faces too, and with a reader besides.

    python -m facewire_training.recipes.perception.curriculum --corpus runs/corpus \
        --reader runs/reader --reading 0.1 --out runs/read

VisualSpeaker's curriculum (arXiv 2507.06060) with what there is here. The encoder is that of the
embedded model, frozen; look-ahead is 80 ms. How much the reader counts is said as the length of its
gradient against that of all other losses, both with respect to the faces of the third stage's first
batch: 0.1 is a tenth. Writes `decoder.pt`.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_engines.phones.engine import load_embedded
from facewire_training.command import make_parser, run_command
from facewire_training.model.decoder import Decoder, DecoderConfig
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.model.search import RATE
from facewire_training.option_ranges import COUNT, SEED, STEPS, THREADS, number
from facewire_training.recipes.perception.heard_faces import HeardFaces, crops, heard_shard
from facewire_training.recipes.perception.reading_loss import ReadingLoss, load_reads
from facewire_training.training_run import (
    check_numbers,
    hold_folder,
    read_state,
    replace_text,
    show_progress,
    write_checkpoint,
)

FILE = "decoder.pt"
CROPS = 12
READ_EVERY = 4
"""Of the crops of a batch every fourth one is drawn and read, which is what a step costs."""

Speech = Mapping[str, Sequence[HeardFaces]]


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the curriculum."""

    name: str
    steps: int
    rate: float
    """Highest learning rate."""
    shares: Mapping[str, float]
    """Of the crops, by shard."""
    reads: bool = False
    """Whether the reader counts."""


RULES = {"librispeech": 1.0}
CAPTURED = {"librispeech": 0.5, "grid": 0.35, "facegood": 0.15}
CURRICULUM: tuple[Stage, ...] = (
    Stage("rules", 400, 2e-3, RULES),
    Stage("captured", 200, 1e-3, CAPTURED),
    Stage("reader", 300, 1e-3, CAPTURED, reads=True),
)
USUAL_STEPS = sum(stage.steps for stage in CURRICULUM)


def curriculum(steps: int) -> tuple[Stage, ...]:
    """Return the stages with so many steps in all, each with its share of them."""
    return tuple(
        replace(stage, steps=max(1, round(stage.steps * steps / USUAL_STEPS)))
        for stage in CURRICULUM
    )


def decode(decoder: Decoder, batch: HeardFaces) -> Tensor:
    """Return the faces of a batch before they are clamped, `[B, N, 52]`."""
    tokens, effort = batch.windows[..., :-1], batch.windows[..., -1]
    return decoder.raw(tokens, batch.known, effort, batch.known, batch.style)


def learn(
    decoder: Decoder,
    stage: Stage,
    speech: Speech,
    reading: ReadingLoss | None = None,
    weight: float = 0.0,
    seed: int = 0,
    *,
    shown: bool = True,
) -> float:
    """Train a decoder in place for one stage; the same crops in the same order for all.

    Args:
        decoder: learns.
        stage: for how long, and on what.
        speech: what the encoder heard of each shard.
        reading: is asked in a stage that reads.
        weight: how long its gradient shall be against that of the others at the beginning.
        seed: of the crops.
        shown: whether a bar shows how far it is.

    Returns:
        What the reading loss was multiplied by, 0 where it does not count.

    Raises:
        ConfigError: a loss is no number.
    """
    rng, measure = np.random.default_rng(seed), FaceLoss(LossConfig())
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=stage.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, stage.rate, total_steps=stage.steps)
    counts = stage.reads and reading is not None and weight > 0
    factor = 0.0
    progress = show_progress()
    progress.disable = not shown
    with progress:
        bar = progress.add_task(stage.name, total=stage.steps)
        for step in range(stage.steps):
            batch = crops(speech, stage.shares, CROPS, rng)
            faces = decode(decoder, batch)
            loss = measure(faces, batch.truth, batch.trust)
            if counts and reading is not None:
                read = _read(reading, faces, batch)
                if step == 0:
                    factor = weight * _length(loss, faces) / _length(read, faces)
                loss = loss + factor * read
            optimizer.zero_grad()
            loss.backward()
            length = float(nn.utils.clip_grad_norm_(decoder.parameters(), 1.0))
            check_numbers(step, length, {stage.name: float(loss.detach())})
            optimizer.step()
            schedule.step()
            progress.update(bar, advance=1)
    return factor


def _read(reading: ReadingLoss, faces: Tensor, batch: HeardFaces) -> Tensor:
    some = slice(None, None, READ_EVERY)
    loss: Tensor = reading(faces[some], batch.truth[some], batch.trust[some])
    return loss


def _length(loss: Tensor, faces: Tensor) -> float:
    """Return the length of a loss's gradient with respect to the faces."""
    (slope,) = torch.autograd.grad(loss, faces, retain_graph=True)
    return max(float(slope.norm()), 1e-12)


def save_decoder(decoder: Decoder, path: Path) -> None:
    """Write a decoder into a file."""
    state = {"config": asdict(decoder.config), "decoder": decoder.state_dict()}
    write_checkpoint(state, path)


def load_decoder(path: Path) -> Decoder:
    """Read a decoder from a file that `save_decoder` wrote.

    Raises:
        ConfigError: it is missing, damaged, or no decoder.
    """
    state = read_state(path)
    try:
        decoder = Decoder(DecoderConfig(**state["config"]))
        decoder.load_state_dict(state["decoder"])
    except (LookupError, TypeError, RuntimeError) as error:
        raise ConfigError(f"{path} is no decoder; train one with curriculum") from error
    return decoder.eval()


def main() -> None:
    """Run the three stages and write the decoder."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    reading = ReadingLoss(load_reads(options.reader), RATE)
    engine = load_embedded()
    counts = {"librispeech": options.utterances, "grid": options.clips, "facegood": options.clips}
    speech = {
        name: heard_shard(engine, options.corpus, name, count) for name, count in counts.items()
    }
    decoder = Decoder(DecoderConfig())
    with hold_folder(options.out):
        factor = 0.0
        for stage in curriculum(options.steps):
            factor = learn(decoder, stage, speech, reading, options.reading, options.seed)
        save_decoder(decoder, options.out / FILE)
        print(f"the reading loss counted {factor:.4g} times")
        replace_text(options.out / "command.txt", f"{command_line()}\n")


def _parser() -> argparse.ArgumentParser:
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument(
        "--reader", type=Path, required=True, help="folder of train_reader, or Auto-AVSR's .pth"
    )
    parser.add_argument("--reading", type=number(0, 1000), default=0.1, help="how much it counts")
    parser.add_argument("--out", type=Path, required=True, help="folder for the decoder")
    parser.add_argument("--steps", type=STEPS, default=USUAL_STEPS, help="of all three stages")
    parser.add_argument("--utterances", type=COUNT, default=100, help="of the rules")
    parser.add_argument("--clips", type=COUNT, default=150, help="of each captured speaker")
    parser.add_argument("--seed", type=SEED, default=0, help="of weights and crops")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    return parser


if __name__ == "__main__":
    run_command(main)
