"""Train the second stage: from what the encoder says to codes of the first stage.

    python -m facewire_training.recipes.prior.train --motion runs/motion --codes runs/codes \
        --run runs/prior

`--said weights` trains the same network to say the 52 weights at once, to compare.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from time import monotonic

import msgspec
import torch
from rich.progress import track
from torch import nn

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import read_sources, write_sources
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.option_ranges import SHARE, number
from facewire_training.recipes.prior.autoencoder import Autoencoder, AutoencoderConfig
from facewire_training.recipes.prior.decoder import CodeDecoder, DecoderConfig
from facewire_training.recipes.prior.motion import Crops
from facewire_training.recipes.prior.teaching import Teaching, losses
from facewire_training.recipes.prior.train_codes import (
    CHECKPOINT,
    add_training_options,
    hours_of,
    load_codes,
    open_crops,
)
from facewire_training.training_run import (
    check_numbers,
    hold_folder,
    read_state,
    replace_text,
    restoring,
    write_checkpoint,
)


def train(
    decoder: CodeDecoder, crops: Crops, teaching: Teaching, steps: int, rate: float
) -> list[dict[str, float]]:
    """Train the decoder; the codes stay as they are. Returns the losses of every 50th batch."""
    measure, log = FaceLoss(LossConfig()), list[dict[str, float]]()
    decoder.train()
    decoder.codes.eval()
    learned = [value for value in decoder.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(learned, rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    begun = monotonic()
    for step in track(range(steps), description="decoder"):
        parts = losses(decoder, crops.draw(step), measure, teaching, step / steps)
        optimizer.zero_grad()
        parts["total"].backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        length = float(nn.utils.clip_grad_norm_(learned, 1.0))
        said = {name: round(float(value.detach()), 5) for name, value in parts.items()}
        check_numbers(step, length, said)
        optimizer.step()
        schedule.step()
        if step % 50 == 0 or step == steps - 1:
            log.append({"step": step, "s": round(monotonic() - begun, 1), **said})
    decoder.eval()
    return log


def save_decoder(decoder: CodeDecoder, run: Path) -> None:
    """Write a decoder with its codes."""
    state = {
        "network": decoder.state_dict(),
        "config": asdict(decoder.config),
        "codes": asdict(decoder.codes.config),
    }
    write_checkpoint(state, run / CHECKPOINT)


def load_decoder(run: Path) -> CodeDecoder:
    """Open what was trained; nothing of it learns any more.

    Raises:
        ConfigError: there is none, or it is damaged.
    """
    state = read_state(run / CHECKPOINT)
    with restoring(run, "facewire_training.recipes.prior.train"):
        codes = Autoencoder(msgspec.convert(state["codes"], AutoencoderConfig))
        decoder = CodeDecoder(msgspec.convert(state["config"], DecoderConfig), codes)
        decoder.load_state_dict(state["network"])
    return decoder.eval().requires_grad_(False)


def main() -> None:
    """Parse the command line and train."""
    parser = make_parser(__doc__)
    add_training_options(parser, 1200)
    add = parser.add_argument
    add("--codes", type=Path, required=True, help="run of the first stage")
    add("--said", choices=("codes", "weights"), default="codes")
    add("--recall-nothing", action="store_true", help="do not hear one's own last codes")
    add("--own", type=SHARE, default=Teaching().own, help="rows that recall what the model says")
    add("--face", type=number(0, 100), default=Teaching().motion,
        help="how much the face counts beside its codes")  # fmt: skip
    add("--begin-with", type=Path, help="go on from this run, with a new schedule")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    config = DecoderConfig(said=options.said, recalls=not options.recall_nothing)
    teaching = Teaching(own=options.own, motion=options.face)
    decoder = _begun(options, config)
    begun = [run for run in (options.codes, options.begin_with) if run is not None]
    if options.run.resolve() in [run.resolve() for run in begun]:
        raise ConfigError(f"{options.run} is what this run begins with; give another --run")
    with hold_folder(options.run):
        replace_text(options.run / "command.txt", command_line() + "\n")
        log = train(decoder, open_crops(options), teaching, options.steps, options.rate)
        replace_text(
            options.run / "metrics.jsonl", "".join(json.dumps(line) + "\n" for line in log)
        )
        before = [source for run in begun for source in read_sources(run) or ()]
        write_sources(options.run, hours_of(options), before=before)
        save_decoder(decoder, options.run)
    print(", ".join(f"{name} {value:g}" for name, value in log[-1].items()))


def _begun(options: argparse.Namespace, config: DecoderConfig) -> CodeDecoder:
    """Return a new decoder, or one that goes on.

    Raises:
        ConfigError: it is to go on from one of another kind.
    """
    codes = load_codes(options.codes)
    if options.begin_with is None:
        return CodeDecoder(config, codes)
    decoder = load_decoder(options.begin_with)
    if decoder.config != config or decoder.codes.config != codes.config:
        raise ConfigError(
            f"{options.begin_with} is of another decoder or other codes; give its own --codes, "
            "--said and --recall-nothing"
        )
    for name, value in decoder.named_parameters():
        value.requires_grad_(not name.startswith("codes."))
    return decoder


if __name__ == "__main__":
    run_command(main)
