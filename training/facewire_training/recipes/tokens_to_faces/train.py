"""Train a decoder of encoded speech, resumable and seeded, on one device or several.

    python -m facewire_training.recipes.tokens_to_faces.train --corpus runs/corpus \
        --encoded runs/encoded/cosyvoice2 --decoder transformer --preset paper \
        --run runs/faces/cosyvoice2-transformer

On several GPUs, where the two dashes keep torchrun from taking `--run` for its own `--run-path`:

    torchrun --nproc-per-node 4 -m -- facewire_training.recipes.tokens_to_faces.train \
        --device cuda ...

The same command goes on where it was stopped, and ends as if it had not been. With more `--steps`
it goes on too, also from its end, with the learning rate of the longer training.
"""

import argparse
import json
import time
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TextIO

import torch

from facewire.errors import ConfigError, FacewireError
from facewire.report_file import command_line
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import write_sources
from facewire_training.option_ranges import (
    BATCH,
    LEARNING_RATE,
    SEED,
    SHARE,
    STEPS,
    THREADS,
    WIDTH,
    frame_rate,
    number,
    whole_number,
)
from facewire_training.recipes.tokens_to_faces.batches import BatchConfig, Batches
from facewire_training.recipes.tokens_to_faces.checkpoint import RunConfig
from facewire_training.recipes.tokens_to_faces.decoders.registry import DECODERS
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.recipes.tokens_to_faces.network_options import chosen_network
from facewire_training.recipes.tokens_to_faces.processes import Processes, open_processes
from facewire_training.recipes.tokens_to_faces.training import Training
from facewire_training.speech_encoders.rows.encoded import read_representation
from facewire_training.training_run import hold_folder, replace_text, show_progress

LOG_EVERY = 10


def train(
    config: RunConfig,
    batches: Batches,
    run: Path,
    processes: Processes,
    save_every: int = 200,
    stop_after: int | None = None,
) -> None:
    """Train until `config.steps`, going on from the run's last checkpoint if there is one.

    Args:
        config: what the run is made of.
        batches: drawn as the config says.
        run: folder of the run.
        processes: who trains.
        save_every: steps between checkpoints.
        stop_after: save and stop after this step, as if the machine were needed for something else.

    Raises:
        ConfigError: the folder holds another run, or a GPU has too little memory.
        FacewireError: a loss is no number; the last checkpoint stays.
    """
    run.mkdir(parents=True, exist_ok=True)
    training = Training(config, run, processes)
    last = min(config.steps, stop_after or config.steps)
    if not processes.first:
        while training.step < last:
            take_step(training, batches)
        return
    replace_text(run / "config.json", config.encode())
    replace_text(run / "command.txt", f"{_commands(run, training.lengthened)}\n")
    write_sources(run, batches.hours())
    with show_progress() as progress, _open_log(run, training.step) as log:
        bar = progress.add_task("training", total=config.steps, completed=training.step)
        while training.step < last:
            step = training.step
            parts = take_step(training, batches)
            progress.update(bar, advance=1, description=f"loss {parts['total']:.4f}")
            if step % LOG_EVERY == 0 or training.step == last:
                log.write(json.dumps({"step": step, "time": time.time(), **parts}) + "\n")
                log.flush()
            if training.step % save_every == 0 or training.step == last:
                training.save()


def take_step(training: Training, batches: Batches) -> dict[str, float]:
    """Take a step, or say in one sentence why it cannot be taken."""
    step, processes = training.step, training.processes
    try:
        return training.learn(batches.draw(step, processes.rank, processes.world))
    except FloatingPointError:
        windows = batches.windows(step, processes.rank, processes.world)
        names = ", ".join(window.name for window in windows[:3])
        more = f" and {len(windows) - 3} more" if len(windows) > 3 else ""
        raise FacewireError(
            f"the loss of batch {step} ({names}{more}) is not a number; the last checkpoint in "
            f"{training.run} is from before it: look at these rows, or lower --rate"
        ) from None
    except torch.OutOfMemoryError:
        batch = batches.config.batch
        raise ConfigError(
            f"the GPU has too little memory for --batch {batch} of "
            f"{batches.setting.seconds} s; try --batch {max(batch // 2, 1)}"
        ) from None


def _commands(run: Path, lengthened: bool) -> str:
    """Return the commands that have made a run: this one, after those of shorter trainings."""
    file, now = run / "command.txt", command_line()
    before = file.read_text().strip().split(" && ") if file.is_file() else []
    new = lengthened and before[-1:] != [now]  # a lengthening may have been stopped
    return " && ".join([*(before if new else before[:-1]), now])


def _open_log(run: Path, step: int) -> TextIO:
    """Open the log to go on at a step; lines of steps whose learning was lost go."""
    file = run / "metrics.jsonl"
    if file.exists():
        lines = file.read_text().splitlines()
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] < step]
        replace_text(file, "".join(f"{line}\n" for line in kept))
    return file.open("a")


def main() -> None:
    """Parse the command line and train."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    with open_processes(options.device) as processes:
        config = _config(options, processes)
        batches = Batches(
            options.corpus, options.encoded, config.batches, config.setting, config.seed,
            options.other,
        )  # fmt: skip
        with hold_folder(options.run) if processes.first else nullcontext():
            train(config, batches, options.run, processes, options.save_every, options.stop_after)


def _config(options: argparse.Namespace, processes: Processes) -> RunConfig:
    kind = DECODERS[options.decoder]
    preset = kind.presets[options.preset]
    given = {
        name: getattr(options, name)
        for name in ("batch", "seconds", "steps", "rate", "warm_up")
        if getattr(options, name) is not None
    }
    preset = replace(preset, **given)
    if preset.batch % processes.world:
        raise ConfigError(
            f"--batch {preset.batch} cannot be shared among {processes.world} processes; "
            f"choose a multiple"
        )
    bfloat = options.precision or ("bfloat16" if processes.device.type == "cuda" else "float32")
    setting = Setting(
        read_representation(options.encoded), options.frame_rate, preset.seconds
    )  # fmt: skip
    return RunConfig(
        decoder=options.decoder,
        network=chosen_network(options, preset.network, setting),
        setting=setting,
        regions=options.regions,
        batches=BatchConfig(
            batch=preset.batch,
            token_noise=options.token_noise,
            feature_noise=options.feature_noise,
            other_share=options.other_share,
            corpora=tuple(options.corpora.split(",")) if options.corpora else (),
        ),
        steps=preset.steps,
        rate=preset.rate,
        warm_up=preset.warm_up,
        weight_decay=options.weight_decay,
        precision=bfloat,
        seed=options.seed,
    )  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--corpus", type=Path, required=True, help="folder that prepare wrote")
    add("--encoded", type=Path, required=True, help="folder that encode wrote")
    add("--other", type=Path, help="other rows of the same speech, such as a TTS's own")
    add("--other-share", type=SHARE, default=BatchConfig().other_share,
        help="share of windows that use these")  # fmt: skip
    add("--run", type=Path, required=True, help="folder of this run; resumed if it exists")
    add("--decoder", choices=DECODERS, default="transformer")
    add("--preset", choices=("paper", "narrow"), default="paper", help="size and schedule")
    add("--regions", choices=("joint", "two"), default="joint",
        help="one network, or one for jaw and mouth and one for the rest")  # fmt: skip
    add("--teacher", help="gru-diffusion run that distilled-diffusion learns from")
    add("--width", type=WIDTH, help="of the network")
    add("--layers", type=whole_number(1, 256), help="of the network")
    add("--set", action="append", default=[], metavar="NAME=VALUE",
        help="another field of the network's config")  # fmt: skip
    add("--frame-rate", type=frame_rate, default=Fraction(30), help="of the faces")
    add("--seconds", type=whole_number(1, 600), help="length of the longest window")
    add("--steps", type=STEPS, help="batches to train on in all")
    add("--batch", type=BATCH, help="windows in a batch, on all devices together")
    add("--rate", type=LEARNING_RATE, help="highest learning rate")
    add("--warm-up", type=whole_number(0, 1_000_000), help="steps until it is reached")
    add("--weight-decay", type=SHARE, default=0.01)
    add("--token-noise", type=SHARE, default=0.0, help="share of ids replaced by any other")
    add(
        "--feature-noise",
        type=number(0, 100),
        default=0.0,
        help="deviation of noise, against features'",
    )
    add("--corpora", default="", help="only these, separated by commas")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--precision", choices=("float32", "bfloat16"), help="bfloat16 on CUDA if not given")
    add("--seed", type=SEED, default=0, help="seed of weights and batches")
    add("--save-every", type=STEPS, default=200, help="steps between checkpoints")
    add("--stop-after", type=STEPS, help="save and stop after this many steps")
    add("--threads", type=THREADS, default=1, help="threads of torch")
    return parser


if __name__ == "__main__":
    run_command(main)
