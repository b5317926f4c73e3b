"""Train a small encoder on clean speech: minutes on two cores; resumable and seeded.

    python -m facewire_training.speech_encoders.small.train --corpus runs/corpus \
        --taught runs/encoded/whisper --kind labels --run runs/small/labels
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_engines.phones.phone_set import PHONES
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import UNKNOWN, Shard, open_shard
from facewire_training.data.soft_labels import load_soft, probabilities
from facewire_training.data.sources import TEACHER, write_sources
from facewire_training.model.frontend import SAMPLE_RATE
from facewire_training.option_ranges import BATCH, LEARNING_RATE, SEED, STEPS, THREADS
from facewire_training.speech_encoders.rows.encoded import EncodedShard, load_encoded
from facewire_training.speech_encoders.small.body import STEP
from facewire_training.speech_encoders.small.networks import (
    SmallConfig,
    SmallEncoder,
    representation_of,
    share_used,
)
from facewire_training.training_run import (
    check_numbers,
    hold_folder,
    replace_text,
    show_progress,
    write_checkpoint,
)

CORPORA = "librispeech,readings"
CROP = 200
"""Steps of a crop: 4 s."""
CHECKPOINT = "checkpoint.pt"
WARM_UP = 50
"""Steps until the learning rate is reached."""
LOUDER_DB = 12.0
"""Crops are made louder or softer by up to this."""


class Crops:
    """Draws crops of utterances that the teacher has heard. Batch `n` is always the same."""

    def __init__(self, corpus: Path, taught: Path, names: str, batch: int, seed: int) -> None:
        self._batch, self._seed = batch, seed
        self._shards: list[tuple[Shard, EncodedShard, NDArray[np.uint8] | None]] = []
        for name in names.split(","):
            shard = open_shard(corpus, name)
            heard = load_encoded(taught, name, shard)
            self._shards.append((shard, heard, load_soft(corpus, shard)))
        hours = np.array([len(heard.rows) for _, heard, _ in self._shards], float)
        self._shares = hours / hours.sum()

    def hours(self) -> dict[str, float]:
        """Return how much of each corpus is heard."""
        return {
            shard.corpus: len(heard.rows) * STEP / SAMPLE_RATE / 3600
            for shard, heard, _ in self._shards
        }

    def draw(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return samples `[B, T]`, probabilities of phones, and the teacher's rows."""
        rng = np.random.default_rng((self._seed, step))
        crops = [self._crop(rng) for _ in range(self._batch)]
        samples, phones, taught = (
            torch.from_numpy(np.stack(part)) for part in zip(*crops, strict=True)
        )
        return samples, phones, taught

    def _crop(
        self, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        shard, heard, soft = self._shards[rng.choice(len(self._shards), p=self._shares)]
        place = int(rng.integers(len(heard)))
        rows = heard.rows_of(place).astype(np.float32)
        first = int(rng.integers(max(1, len(rows) - CROP)))
        begin = int(shard.starts[heard.utterances[place]])
        samples = np.zeros(CROP * STEP, np.float32)
        piece = shard.samples[begin + first * STEP : begin + min(first + CROP, len(rows)) * STEP]
        gain = 10 ** (rng.uniform(-LOUDER_DB, LOUDER_DB) / 20) / 32767
        samples[: len(piece)] = np.clip(piece * gain, -1, 1)
        hop = begin // 160 + 2 * first
        labels = shard.labels[hop : hop + len(piece) // 160]
        phones = np.zeros((2 * CROP, len(PHONES)), np.float32)
        known = np.nonzero(labels != UNKNOWN)[0]
        phones[known, labels[known]] = 1.0
        if soft is not None:
            told = probabilities(soft[hop : hop + len(labels)])
            phones[: len(told)] = 0.5 * phones[: len(told)] + 0.5 * told
        # The teacher's row k is centred on the beginning of step k, what is taught on its middle.
        after = np.concatenate((rows[1:], rows[-1:]))
        taught = np.zeros((CROP, rows.shape[1]), np.float32)
        middle = 0.5 * (rows + after)[first : first + CROP]
        taught[: len(middle)] = middle
        return samples, phones, taught


def train(
    network: SmallEncoder,
    losses: Callable[[int], dict[str, Tensor]],
    run: Path,
    steps: int,
    rate: float,
    stop_after: int | None = None,
) -> SmallEncoder:
    """Train to `steps`, going on from the run's last checkpoint, and return the encoder.

    Args:
        network: what is trained.
        losses: of a batch, by its number; `total` is what is made small.
        run: folder of the run.
        steps: batches in all.
        rate: the highest learning rate.
        stop_after: save and stop after this step, as if the machine were needed for something else.

    Raises:
        ConfigError: the loss is no number; the last checkpoint is kept.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
    run.mkdir(parents=True, exist_ok=True)
    first, last = _go_on(network, optimizer, run), min(steps, stop_after or steps)
    with show_progress() as progress, (run / "metrics.jsonl").open("a") as log:
        bar = progress.add_task("training", total=steps, completed=first)
        for step in range(first, last):
            torch.manual_seed(step)
            for group in optimizer.param_groups:
                group["lr"] = rate * schedule(step, steps)
            told = _learn(network, optimizer, losses, step)
            progress.update(bar, advance=1, description=f"loss {told['total']:.3f}")
            if step % 10 == 0:
                log.write(json.dumps({"step": step, "time": time.time(), **told}) + "\n")
                log.flush()
            if (step + 1) % 100 == 0 or step + 1 == last:
                save(network, optimizer, run, step + 1)
    return network.eval()


def new_network(config: SmallConfig) -> SmallEncoder:
    """Return an encoder that has learned nothing, always the same."""
    torch.manual_seed(0)
    return SmallEncoder(config)


def schedule(step: int, steps: int) -> float:
    """Return the learning rate's factor: a linear warm-up, on half a cosine to 2 %."""
    cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps))
    return min(1.0, (step + 1) / WARM_UP) * cosine


def _learn(
    network: SmallEncoder,
    optimizer: torch.optim.Optimizer,
    losses: Callable[[int], dict[str, Tensor]],
    step: int,
) -> dict[str, float]:
    parts = losses(step)
    optimizer.zero_grad()
    parts["total"].backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    length = float(torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0))
    said = {name: float(value.detach()) for name, value in parts.items()}
    check_numbers(step, length, said)
    optimizer.step()
    return {name: round(value, 4) for name, value in said.items()}


def _go_on(network: SmallEncoder, optimizer: torch.optim.Optimizer, run: Path) -> int:
    """Take what a run has learned, if it has begun, and return how many steps that were.

    Raises:
        ConfigError: its checkpoint is damaged, or another encoder's.
    """
    file = run / CHECKPOINT
    if not file.exists():
        return 0
    try:
        state = torch.load(file, weights_only=True)
        # A run from before a setting was there has what it is by default.
        if asdict(network.config) | state["config"] != asdict(network.config):
            raise ConfigError(f"{run} holds another encoder; choose another --run")
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
    except (RuntimeError, LookupError, ValueError, OSError, UnpicklingError) as error:
        raise ConfigError(f"{file} is damaged; remove it and train again") from error
    return int(state["step"])


def save(network: SmallEncoder, optimizer: torch.optim.Optimizer, run: Path, step: int) -> None:
    """Write a checkpoint so that a crash in the middle leaves the last one whole."""
    state = {
        "step": step,
        "config": asdict(network.config),
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    write_checkpoint(state, run / CHECKPOINT)


def main() -> None:
    """Parse the command line and train."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--taught", type=Path, required=True, help="the same, heard by Whisper")
    parser.add_argument("--kind", choices=("acoustic", "codec", "labels"), required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder of this run")
    parser.add_argument("--corpora", default=CORPORA, help="shards (default: %(default)s)")
    parser.add_argument("--steps", type=STEPS, default=1200, help="batches (default: %(default)s)")
    parser.add_argument(
        "--batch", type=BATCH, default=24, help="crops of 4 s (default: %(default)s)"
    )
    parser.add_argument("--rate", type=LEARNING_RATE, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--seed", type=SEED, default=0, help="of the batches")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    crops = Crops(options.corpus, options.taught, options.corpora, options.batch, options.seed)
    taught_by = () if options.kind == "acoustic" else (TEACHER,)
    network = new_network(SmallConfig(options.kind))
    with hold_folder(options.run):
        replace_text(options.run / "command.txt", command_line() + "\n")
        write_sources(options.run, crops.hours(), taught_by)
        train(
            network,
            lambda step: network.losses(*crops.draw(step)),
            options.run,
            options.steps,
            options.rate,
        )
    samples, *_ = crops.draw(options.steps)
    with torch.inference_mode():
        ids = network.ids(samples).flatten(0, 1)
    used = share_used(network, ids)
    print(f"{representation_of(options.kind).name}: {used:.0%} of each codebook used")


if __name__ == "__main__":
    run_command(main)
