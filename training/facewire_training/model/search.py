"""Compare decoders and losses on what the frozen encoder says: minutes, not hours.

    python -m facewire_training.model.search --data DATA --corpus runs/corpus --steps 600

Every candidate gets the same crops of LibriSpeech's training speakers in the same order, at a
look-ahead of 80 ms, and is scored on validation utterances. It answers which is better under equal
training, not how good either can get.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor, nn

from facewire.frames import Samples, StreamSpec
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.geometry import HOP
from facewire_training.command import make_parser, run_command
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.data.recognisers import hear
from facewire_training.data.shards import load_one
from facewire_training.data.targets import load_targets
from facewire_training.evaluation.metrics.errors.weight_error import lip_vertex_error
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.openness import labial_auc
from facewire_training.evaluation.metrics.lips.rounding import rounding_auc
from facewire_training.evaluation.metrics.motion.steadiness import jitter
from facewire_training.evaluation.performers import oracle
from facewire_training.model.decoder import gather_windows, window_ages
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.model.search_decoders import DECODERS
from facewire_training.model.windows import interpolate
from facewire_training.option_ranges import COUNT, STEPS, THREADS
from facewire_training.take import Take

SAMPLE_RATE = 16_000
RATE = Fraction(60)
LOOKAHEAD = 80 * SAMPLE_RATE // 1000
FRAMES = 90
"""Frames of a crop."""

LOSSES: dict[str, LossConfig] = {
    "ours": LossConfig(),
    "no velocity": LossConfig(velocity=0.0),
    "velocity x 3": LossConfig(velocity=3.0),
    "no lip gap": LossConfig(gap=0.0),
    "no closure": LossConfig(closure=0.0),
    "closure x 3": LossConfig(closure=12.0),
    "mouth state (mesh)": LossConfig(mouth_state_mesh=100.0),
    "mouth state (weights)": LossConfig(mouth_state=20.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """An utterance as the decoder gets it, at 60 frames/s."""

    windows: Tensor
    """`[N, 21, 41]`"""
    known: Tensor
    """`[N, 21]`"""
    truth: Tensor
    """`[N, 52]`"""


def heard(engine: PhonesEngine, samples: Samples) -> tuple[Tensor, Tensor]:
    """Return the windows and masks of every frame of an utterance."""
    hops = len(samples) // HOP
    classes, effort = hear(engine, samples, LOOKAHEAD // HOP + 1)
    rows = torch.from_numpy(np.concatenate((classes, effort[..., None]), axis=-1))
    spec = StreamSpec(SAMPLE_RATE, RATE)
    count = spec.frame_count(hops * HOP)
    times = torch.tensor([spec.timestamp(i) for i in range(count)], dtype=torch.float64)
    steps = ((times + LOOKAHEAD) / HOP).floor().long() - 1
    ages, known = window_ages((steps + 1) * HOP - times)
    return gather_windows(rows, steps[None], ages.float())[0], known.float()


def training_speech(engine: PhonesEngine, corpus: Path, count: int) -> list[Spoken]:
    """Return utterances of the training speakers, with their procedural faces."""
    shard = load_one(corpus / "librispeech")
    targets = load_targets(corpus, shard)
    chosen = np.linspace(0, len(shard) - 1, count).astype(int)
    found = []
    for index in track(chosen.tolist(), description="hearing"):
        windows, known = heard(engine, shard.audio(index))
        first, last = (int(start) // HOP for start in shard.starts[index : index + 2])
        curves = torch.from_numpy(np.array(targets.curves[first:last], np.float32))
        times = torch.arange(len(windows)) * float(SAMPLE_RATE / RATE)
        found.append(Spoken(windows, known, interpolate(curves[None], times)[0]))
    return found


def crops(speech: Sequence[Spoken], size: int, rng: np.random.Generator) -> Spoken:
    """Return `size` random crops, stacked: `[B, N, ...]`."""
    long = [one for one in speech if len(one.windows) > FRAMES]
    parts = []
    for place in rng.integers(len(long), size=size):
        start = int(rng.integers(len(long[place].windows) - FRAMES))
        cut = slice(start, start + FRAMES)
        one = long[place]
        parts.append((one.windows[cut], one.known[cut], one.truth[cut]))
    return Spoken(*(torch.stack(column) for column in zip(*parts, strict=True)))


def train(decoder: nn.Module, loss: LossConfig, speech: Sequence[Spoken], steps: int) -> None:
    """Train a decoder; the same crops in the same order for all."""
    rng, measure = np.random.default_rng(0), FaceLoss(loss)
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for _ in range(steps):
        batch = crops(speech, 12, rng)
        faces, extra = decoder(batch.windows, batch.known)
        optimizer.zero_grad()
        (measure(faces, batch.truth) + extra).backward()
        optimizer.step()
        schedule.step()


def score(
    decoder: nn.Module, held_out: Sequence[tuple[Tensor, Tensor]], truth: Sequence[Take]
) -> dict[str, float]:
    """Return figures of a decoder on validation speech."""
    decoder.eval()
    takes = []
    for (windows, known), true in zip(held_out, truth, strict=True):
        with torch.no_grad():
            faces, _ = decoder(windows[None], known[None])
        weights = faces[0].clamp(0, 1).numpy()[: len(true)]
        takes.append(
            replace(true, weights=np.pad(weights, ((0, len(true) - len(weights)), (0, 0))))
        )
    return {
        "closed %": 100 * closure_rate(takes),
        "by luck %": 100 * luck_rate(takes),
        "vowels shut %": 100 * false_closure_rate(takes),
        "rounding": rounding_auc(takes),
        "labial": labial_auc(takes),
        "jitter": jitter(takes),
        "LVE": lip_vertex_error(takes, truth),
    }


def main() -> None:
    """Train and score the candidates."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds librispeech/")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--steps", type=STEPS, default=600, help="of each candidate")
    parser.add_argument("--utterances", type=COUNT, default=150, help="to train on")
    parser.add_argument("--validation", type=COUNT, default=30, help="utterances to score on")
    parser.add_argument(
        "--loss", action="append", choices=LOSSES, help="of the mlp alone; repeatable; default all"
    )
    parser.add_argument("--threads", type=THREADS, default=2, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    engine = load_embedded()
    speech = training_speech(engine, options.corpus, options.utterances)
    everything = list(LibriSpeech(options.data / "librispeech").validation())
    chosen = [
        everything[i] for i in np.linspace(0, len(everything) - 1, options.validation, dtype=int)
    ]
    held_out = [heard(engine, one.samples) for one in chosen]
    truth = [oracle(one, RATE) for one in chosen]
    candidates = [(name, "ours", LOSSES["ours"]) for name in DECODERS]
    candidates += [("mlp", name, loss) for name, loss in LOSSES.items() if name != "ours"]
    if options.loss:
        candidates = [("mlp", name, LOSSES[name]) for name in options.loss]
    table: Table | None = None
    for name, loss_name, loss in track(candidates, description="training"):
        torch.manual_seed(0)
        decoder = DECODERS[name]()
        train(decoder, loss, speech, options.steps)
        values = score(decoder, held_out, truth)
        size = sum(value.numel() for value in decoder.parameters())
        table = table or Table("decoder", "loss", "parameters", *values)
        table.add_row(name, loss_name, f"{size:,}", *(f"{value:.3g}" for value in values.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    run_command(main)
