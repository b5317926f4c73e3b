"""Fit the style of somebody new to one minute of his or her captured face, and nothing else.

    python -m facewire_training.recipes.prior.fit_style --run runs/prior --motion runs/motion \
        --shard facegood --name her --out runs/prior-her

The new run is the old one with one more style: a vector of eight numbers. It prints how well the
lips of validation recordings are followed with it, and in each style that there was.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import nn

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import told_sources, write_sources
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.option_ranges import STEPS, THREADS, number
from facewire_training.recipes.prior.decoder import CodeDecoder
from facewire_training.recipes.prior.measure import print_styles
from facewire_training.recipes.prior.motion import Motion, MotionBatch, first_rows, load_motion
from facewire_training.recipes.prior.teaching import Teaching, losses
from facewire_training.recipes.prior.train import load_decoder, save_decoder
from facewire_training.recipes.prior.train_codes import LENGTH, ROW_S
from facewire_training.training_run import hold_folder, replace_text

BATCH = 8
RATE = 0.03


def with_style(decoder: CodeDecoder, name: str) -> CodeDecoder:
    """Return a decoder with one more style: the mean of those that it had. Only that learns.

    Raises:
        ConfigError: it has a style of that name.
    """
    if name in decoder.config.names:
        raise ConfigError(f"there is a style {name!r} already; give another --name")
    config = replace(decoder.config, names=(*decoder.config.names, name))
    grown = CodeDecoder(config, decoder.codes)
    state = decoder.state_dict()
    mean = state["styles"].mean(0, keepdim=True)
    grown.load_state_dict(state | {"styles": torch.cat((state["styles"], mean))})
    return grown.eval().requires_grad_(False)


def fit(decoder: CodeDecoder, motion: Motion, steps: int, seed: int = 0) -> None:
    """Fit the last style of a decoder to motion of whoever it is to be of."""
    rng, measure = np.random.default_rng(seed), FaceLoss(LossConfig())
    kept = decoder.styles.detach()[:-1].clone()
    decoder.styles.requires_grad_(True)
    optimizer = torch.optim.Adam([decoder.styles], RATE)
    torch.manual_seed(seed)
    for _ in track(range(steps), description="style"):
        starts = rng.integers(len(motion.rows) - LENGTH + 1, size=BATCH)
        rows, faces, trust = (
            torch.from_numpy(np.stack([part[s : s + LENGTH] for s in starts]).astype(np.float32))
            for part in (motion.rows, motion.faces, motion.trust)
        )
        shares = torch.zeros(BATCH, len(decoder.config.names))
        shares[:, -1] = 1
        batch = MotionBatch(rows, faces, trust, shares)
        optimizer.zero_grad()
        losses(decoder, batch, measure, Teaching(), 1.0)["total"].backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        nn.utils.clip_grad_norm_([decoder.styles], 1.0)
        optimizer.step()
        with torch.no_grad():
            decoder.styles[:-1] = kept
    decoder.styles.requires_grad_(False)


def main() -> None:
    """Parse the command line, fit, and measure."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--run", type=Path, required=True, help="run of the second stage")
    add("--motion", type=Path, required=True, help="folder that prepare wrote")
    add("--shard", required=True, help="whose: a name of this folder")
    add("--name", required=True, help="of the style")
    add("--out", type=Path, required=True, help="folder of the new run")
    add("--seconds", type=number(3, 3600), default=60.0, help="of the capture (default: 60)")
    add("--steps", type=STEPS, default=150, help="batches (default: %(default)s)")
    add("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    decoder = with_style(load_decoder(options.run), options.name)
    motion = load_motion(options.motion / f"{options.shard}.npz")
    minute = first_rows(motion, round(options.seconds / ROW_S))
    if len(minute.rows) < LENGTH:
        raise ConfigError(f"{options.shard} is shorter than {LENGTH * ROW_S:.1f} s; capture more")
    if options.out.resolve() == options.run.resolve():
        raise ConfigError(f"{options.out} is the run itself; give another --out")
    with hold_folder(options.out):
        fit(decoder, minute, options.steps)
        hours = {options.shard: len(minute.rows) * ROW_S / 3600}
        write_sources(options.out, hours, before=told_sources(options.run))
        told = options.run / "command.txt"
        made = f"{told.read_text().strip()} && " if told.is_file() else ""
        replace_text(options.out / "command.txt", made + command_line() + "\n")
        save_decoder(decoder, options.out)
    seen = load_motion(options.motion / "validation-captures" / f"{options.shard}.npz")
    print_styles(decoder, seen, list(decoder.config.names))


if __name__ == "__main__":
    run_command(main)
