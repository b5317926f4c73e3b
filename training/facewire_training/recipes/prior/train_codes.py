"""Train the first stage: the codebook of faces.

    python -m facewire_training.recipes.prior.train_codes --motion runs/motion --run runs/codes

It prints how well validation captures come back, and how many codes they use.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from rich.progress import track
from torch import nn

from facewire.errors import ConfigError
from facewire.face.lips import lip_gap
from facewire.report_file import command_line
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import write_sources
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.option_ranges import BATCH, LEARNING_RATE, SEED, STEPS, THREADS, whole_number
from facewire_training.recipes.prior.autoencoder import (
    COMMITMENT,
    Autoencoder,
    AutoencoderConfig,
)
from facewire_training.recipes.prior.codebook import perplexity
from facewire_training.recipes.prior.motion import Crops, Motion, load_motion
from facewire_training.training_run import (
    check_numbers,
    hold_folder,
    read_state,
    replace_text,
    restoring,
    write_checkpoint,
)

SHARES: tuple[tuple[str, float], ...] = (("grid", 0.4), ("facegood", 0.3), ("librispeech", 0.3))
"""How often each shard is drawn: captures first, and the rules for what these do not have."""
ROW_S = 0.03
"""How long a row lasts."""
LENGTH = 64
"""Rows of a crop: 1.9 s."""
VALIDATION = ("validation-captures/grid", "validation-captures/facegood")
CHECKPOINT = "checkpoint.pt"


def train_codes(network: Autoencoder, crops: Crops, steps: int, rate: float) -> None:
    """Train both sides and the codebook."""
    measure = FaceLoss(LossConfig())
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for step in track(range(steps), description="codes"):
        batch = crops.draw(step)
        faces, _, away = network(batch.faces)
        loss = measure(faces, batch.faces, batch.trust)
        optimizer.zero_grad()
        (loss + COMMITMENT * away).backward()
        length = float(nn.utils.clip_grad_norm_(network.parameters(), 1.0))
        check_numbers(step, length, {"faces": float(loss.detach()), "codes": float(away.detach())})
        optimizer.step()
        schedule.step()
    network.eval()


@torch.inference_mode()
def measure_codes(network: Autoencoder, motion: Motion) -> dict[str, float]:
    """Return how well motion comes back: the mean error of what was captured, the correlation of
    the lip gap, and how many codes are used.
    """
    errors, pairs, ids = [], [], []
    for place in range(len(motion)):
        cut = motion.utterance(place)
        truth = motion.faces[cut].astype(np.float32)
        faces, chosen, _ = network(torch.from_numpy(truth)[None])
        told = faces[0].clamp(0, 1).numpy()
        seen = motion.trust[cut] == 1
        errors.append(np.abs(told - truth)[seen])
        inside = seen.any(axis=1)
        pairs.append((lip_gap(told)[inside], lip_gap(truth)[inside]))
        ids.append(chosen[0])
    gaps = [np.corrcoef(a, b)[0, 1] for a, b in pairs if a.std() > 0 and b.std() > 0]
    used, share = perplexity(torch.cat(ids), network.config.size)
    return {
        "L1": float(np.concatenate(errors).mean()),
        "gap r": float(np.mean(gaps)),
        "perplexity": used,
        "used": share,
    }


def save_codes(network: Autoencoder, run: Path, figures: dict[str, Any]) -> None:
    """Write a codebook with what was measured of it."""
    state = {"network": network.state_dict(), "config": asdict(network.config)}
    write_checkpoint(state, run / CHECKPOINT)
    replace_text(run / "figures.json", json.dumps(figures, indent=1) + "\n")


def load_codes(run: Path) -> Autoencoder:
    """Open what was trained; nothing of it learns any more.

    Raises:
        ConfigError: there is none, or it is damaged.
    """
    state = read_state(run / CHECKPOINT)
    with restoring(run, "facewire_training.recipes.prior.train_codes"):
        network = Autoencoder(msgspec.convert(state["config"], AutoencoderConfig))
        network.load_state_dict(state["network"])
    return network.eval().requires_grad_(False)


def open_crops(options: argparse.Namespace) -> Crops:
    """Open the shards that are drawn from, by the options of `add_training_options`.

    Raises:
        ConfigError: one is missing or damaged, or none is left.
    """
    drawn = _drawn(options.without)
    motions = [load_motion(options.motion / f"{name}.npz") for name, _ in drawn]
    return Crops(motions, [share for _, share in drawn], options.batch, LENGTH, options.seed)


def hours_of(options: argparse.Namespace) -> dict[str, float]:
    """Return how much of each shard is learned from, in hours."""
    return {
        name: len(load_motion(options.motion / f"{name}.npz").rows) * ROW_S / 3600
        for name, _ in _drawn(options.without)
    }


def _drawn(without: str) -> list[tuple[str, float]]:
    left_out = [name for name in without.split(",") if name]
    names = [name for name, _ in SHARES]
    if unknown := [name for name in left_out if name not in names]:
        raise ConfigError(f"there is no shard {unknown[0]!r}; leave out of {', '.join(names)}")
    drawn = [(name, share) for name, share in SHARES if name not in left_out]
    if not drawn:
        raise ConfigError("nothing is left to learn from; leave out fewer shards")
    return drawn


def add_training_options(parser: argparse.ArgumentParser, steps: int) -> None:
    """Add what both stages are told."""
    add = parser.add_argument
    add("--motion", type=Path, required=True, help="folder that prepare wrote")
    add("--run", type=Path, required=True, help="folder of this run")
    add("--steps", type=STEPS, default=steps, help="batches (default: %(default)s)")
    add("--batch", type=BATCH, default=32, help="crops (default: %(default)s)")
    add("--rate", type=LEARNING_RATE, default=2e-3, help="highest learning rate")
    add("--without", default="", help="shards that are left out, with commas between")
    add("--seed", type=SEED, default=0)
    add("--threads", type=THREADS, default=1, help="threads of torch")


def main() -> None:
    """Parse the command line, train, and measure."""
    parser = make_parser(__doc__)
    add_training_options(parser, 1500)
    usual = AutoencoderConfig()
    parser.add_argument("--groups", type=whole_number(1, 64), default=usual.groups,
                        help="codes of a frame (default: %(default)s)")  # fmt: skip
    parser.add_argument("--size", type=whole_number(2, 4096), default=usual.size,
                        help="codes of a codebook (default: %(default)s)")  # fmt: skip
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    network = Autoencoder(AutoencoderConfig(groups=options.groups, size=options.size))
    with hold_folder(options.run):
        replace_text(options.run / "command.txt", command_line() + "\n")
        train_codes(network, open_crops(options), options.steps, options.rate)
        write_sources(options.run, hours_of(options))
        figures = {
            name: measure_codes(network, load_motion(options.motion / f"{name}.npz"))
            for name in VALIDATION
        }
        save_codes(network, options.run, figures)
    for name, values in figures.items():
        print(name, *(f"{key} {value:.3g}" for key, value in values.items()), sep="  ")


if __name__ == "__main__":
    run_command(main)
