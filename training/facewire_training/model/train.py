"""Train the embedded model: encoder and decoder together, resumable and seeded.

    python -m facewire_training.model.train --corpus runs/corpus --run runs/phones --steps 6000

The encoder learns phones and effort; the decoder learns to animate from the encoder's posteriors
at every look-ahead (the microphone's road) and from the true phones (the TTS's road).
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import tell_corpora
from facewire_training.model.batches import CAPTURE_SHARES, SHARES, BatchConfig, Batches
from facewire_training.model.checkpoint import Training, begin, width_of
from facewire_training.model.encoder import EncoderConfig
from facewire_training.model.losses import LossConfig
from facewire_training.model.networks import PARTS, FaceCriterion, TrainConfig
from facewire_training.model.record import Recorded, recorded_batches
from facewire_training.option_ranges import (
    BATCH,
    LEARNING_RATE,
    SEED,
    SHARE,
    STEPS,
    THREADS,
    WIDTH,
    number,
    whole_number,
)
from facewire_training.training_run import check_numbers, hold_folder, replace_text, show_progress


def schedule(config: TrainConfig, step: int) -> float:
    """Return the learning rate's factor: linear warm-up, then half a cosine to 2 %."""
    if step < config.warm_up:
        return (step + 1) / config.warm_up
    done = (step - config.warm_up) / max(config.steps - config.warm_up, 1)
    return 0.02 + 0.98 * 0.5 * (1 + float(torch.cos(torch.tensor(torch.pi * min(done, 1.0)))))


def train(
    config: TrainConfig,
    corpus: Path,
    run: Path,
    stop_after: int | None = None,
    device: str = "cpu",
    workers: int = 1,
    recorded: Path | None = None,
    criteria: Sequence[FaceCriterion] = (),
    made_by: str = "",
) -> None:
    """Train until `config.steps`, going on from the run's last checkpoint if there is one.

    Args:
        config: what the run is made of.
        corpus: folder that `prepare` wrote.
        run: folder of the run.
        stop_after: save and stop after this step, as if the machine were needed for something else.
        device: where the networks are: `cpu` or `cuda`.
        workers: processes that make batches; what they make does not depend on their number.
        recorded: what its encoder has heard, if only the decoder learns (`record`).
        criteria: further losses of the faces.
        made_by: the command, for the run's `command.txt`.

    Raises:
        ConfigError: there is no such device, or the run was begun with other settings or corpora.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("torch finds no CUDA here; leave --device out")
    run.mkdir(parents=True, exist_ok=True)
    training = begin(config, run, device)
    tell_corpora(run, corpus, [name for name, share in config.batches.shares if share])
    if made_by:
        replace_text(run / "command.txt", f"{made_by}\n")
    training.model.criteria = tuple(criteria)
    first = training.step
    replace_text(run / "config.json", json.dumps(asdict(config), indent=2))
    data: Dataset[dict[str, Tensor]]
    if recorded:
        data = Recorded(recorded, training.model.encoder, config.steps)
    else:
        faces = config.part != "encoder"
        data = Batches(corpus, config.batches, config.seed, config.steps, faces)
    last = min(config.steps, stop_after or config.steps)
    loader = DataLoader(
        Subset(data, range(first, last)),
        batch_size=None,
        num_workers=workers,
        pin_memory=device == "cuda",
    )
    with show_progress() as progress, (run / "metrics.jsonl").open("a") as log:
        bar = progress.add_task("training", total=config.steps, completed=first)
        for step, batch in enumerate(loader, start=first):
            parts = take_step(training, {name: rows.to(device) for name, rows in batch.items()})
            progress.update(bar, advance=1, description=_describe(parts))
            if step % 10 == 0:
                log.write(json.dumps({"step": step, "time": time.time(), **parts}) + "\n")
                log.flush()
            if (step + 1) % 100 == 0 or step + 1 == last:
                training.save(run)


def take_step(training: Training, batch: dict[str, Tensor]) -> dict[str, float]:
    """Take a step, and return the parts of the loss.

    Raises:
        ConfigError: the loss or its gradient is no number, or the GPU has too little memory.
    """
    try:
        return _learn(training, batch)
    except torch.OutOfMemoryError:
        crops = training.model.config.batches.batch
        raise ConfigError(
            f"the GPU has too little memory for --batch {crops}; try --batch {max(crops // 2, 1)}"
        ) from None


def _learn(training: Training, batch: dict[str, Tensor]) -> dict[str, float]:
    model, config, step = training.model, training.model.config, training.step
    for group in training.optimizer.param_groups:
        group["lr"] = config.learning_rate * schedule(config, step)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    parts, training.hidden = model.losses(batch, training.carried(generator), generator)
    total = parts["phones"] + parts["effort"]
    if "live" in parts:
        total = total + config.face_share * (parts["live"] + parts["tokens"])
    training.optimizer.zero_grad()
    total.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    length = float(nn.utils.clip_grad_norm_(model.parameters(), config.clip))
    said = {name: float(value.detach()) for name, value in parts.items()}
    check_numbers(step, length, said)
    training.optimizer.step()
    training.step += 1
    training.take_average()
    return {name: round(value, 5) for name, value in said.items()}


def _describe(parts: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in parts.items())


def _add_face_losses(parser: argparse.ArgumentParser) -> None:
    """Add the options of `LossConfig`, and of when a live face is right."""
    weight, usual = number(0, 100), LossConfig()
    for option, default, about in (
        ("--velocity", usual.velocity, "how much it counts that weights move as they should"),
        ("--closure", usual.closure, "how much more the lip gap counts where lips should be shut"),
        ("--seen", usual.seen, "how much more too little tongue or rolled-in lip counts"),
        ("--meeting", usual.meeting, "how much it counts that lips meet at least once"),
        ("--apart", usual.apart, "how much it counts that lips are not shut in open sounds"),
        ("--mouth-state", usual.mouth_state, "how much errors at shut and wide open mouths count"),
        ("--mouth-state-mesh", usual.mouth_state_mesh, "how much those of the lips' mesh do"),
    ):
        parser.add_argument(option, type=weight, default=default, help=about)
    parser.add_argument(
        "--lead-ms",
        type=number(0, 40),
        default=TrainConfig().lead_ms,
        help="by how much faces are ahead of their moment, with a look-ahead of up to 20 ms",
    )


def main() -> None:
    """Parse the command line and train."""
    train_as_told(train_parser(__doc__).parse_args())


def train_parser(about: str | None) -> argparse.ArgumentParser:
    """Return what reads the command line of a training, with help that begins with `about`."""
    parser = make_parser(about)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of this run; resumed if it exists"
    )
    parser.add_argument("--steps", type=STEPS, default=6000, help="batches to train on in all")
    parser.add_argument("--batch", type=BATCH, default=64, help="crops in a batch")
    parser.add_argument(
        "--hops", type=whole_number(80, 100_000), default=320, help="length of a crop, in 10 ms"
    )
    parser.add_argument("--plain", type=SHARE, default=0.15, help="share of crops without noise")
    parser.add_argument("--corpora", default="", help="only these, separated by commas")
    parser.add_argument(
        "--captures", type=SHARE, default=0.0, help="share of crops with captured faces"
    )
    parser.add_argument(
        "--in-style",
        type=SHARE,
        default=BatchConfig().in_style,
        help="share of the other crops that are shown in somebody's captured style",
    )
    parser.add_argument("--rate", type=LEARNING_RATE, default=1.5e-3, help="highest learning rate")
    parser.add_argument(
        "--warm-up", type=whole_number(0, 1_000_000), default=200, help="steps until it is reached"
    )
    parser.add_argument(
        "--face-share", type=number(0, 100), default=0.15, help="weight of the faces"
    )
    _add_face_losses(parser)
    parser.add_argument(
        "--only", dest="part", choices=PARTS, default="all", help="what learns while the rest stays"
    )
    parser.add_argument(
        "--recorded", type=Path, help="what the encoder heard (model.record), with --only decoder"
    )
    parser.add_argument("--begin-with", default="", help="run whose networks this one starts from")
    parser.add_argument("--decoder-of", default="", help="run whose decoder it starts from instead")
    parser.add_argument("--seed", type=SEED, default=0, help="seed of weights and batches")
    parser.add_argument("--stop-after", type=STEPS, help="save and stop after this many steps")
    parser.add_argument("--threads", type=THREADS, default=2, help="threads of torch")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="where the networks are"
    )
    parser.add_argument(
        "--workers", type=whole_number(0, 64), default=1, help="processes that make batches"
    )
    parser.add_argument(
        "--width", type=WIDTH, help="of the encoder's GRUs; that of --begin-with by default"
    )
    return parser


def train_as_told(arguments: argparse.Namespace, criteria: Sequence[FaceCriterion] = ()) -> None:
    """Train by what `train_parser` has read, with further losses of the faces, if any."""
    torch.set_num_threads(arguments.threads)
    begun_width = width_of(Path(arguments.begin_with)) if arguments.begin_with else None
    width = arguments.width or begun_width or EncoderConfig().width
    if arguments.recorded and arguments.part != "decoder":
        raise ConfigError("what was recorded teaches a decoder alone; add --only decoder")
    config = TrainConfig(
        encoder=EncoderConfig(width=width),
        batches=_batches(arguments),
        steps=arguments.steps,
        learning_rate=arguments.rate,
        warm_up=arguments.warm_up,
        face_share=arguments.face_share,
        loss=LossConfig(
            velocity=arguments.velocity,
            closure=arguments.closure,
            seen=arguments.seen,
            meeting=arguments.meeting,
            apart=arguments.apart,
            mouth_state=arguments.mouth_state,
            mouth_state_mesh=arguments.mouth_state_mesh,
        ),
        lead_ms=arguments.lead_ms,
        part=arguments.part,
        begin_with=arguments.begin_with,
        decoder_of=arguments.decoder_of,
        seed=arguments.seed,
    )
    before = (config.begin_with, config.decoder_of, arguments.recorded)
    begun = [Path(run, "command.txt").read_text().strip() for run in before if run]
    made_by = " && ".join((*united_commands(begun), command_line()))
    with hold_folder(arguments.run):
        train(
            config,
            arguments.corpus,
            arguments.run,
            arguments.stop_after,
            arguments.device,
            arguments.workers,
            arguments.recorded,
            criteria,
            made_by,
        )


def united_commands(chains: Sequence[str]) -> list[str]:
    """Return the commands that made several runs, what they have in common at first only once."""
    made: list[str] = []
    for chain in chains:
        commands = chain.split(" && ")
        pairs = enumerate(zip(made, commands, strict=False))
        other = (place for place, (one, again) in pairs if one != again)
        made += commands[next(other, min(len(made), len(commands))) :]
    return made


def _batches(arguments: argparse.Namespace) -> BatchConfig:
    """Return what batches are made of, or were if they are recorded."""
    if arguments.recorded:
        return recorded_batches(arguments.recorded)
    known = [name for name, _ in SHARES]
    chosen = arguments.corpora.split(",") if arguments.corpora else known
    if unknown := [name for name in chosen if name not in known]:
        raise ConfigError(f"no corpus {unknown[0]!r}; --corpora takes {', '.join(known)}")
    # Without anybody's captured face there is no style to learn, unless it is asked for alone.
    styled = arguments.captures > 0 or arguments.part == "styles"
    return BatchConfig(
        batch=arguments.batch,
        hops=arguments.hops,
        plain=arguments.plain,
        in_style=arguments.in_style if styled else 0.0,
        shares=(
            *((n, s * (1 - arguments.captures)) for n, s in SHARES if n in chosen),
            *((n, s * arguments.captures) for n, s in CAPTURE_SHARES if arguments.captures),
        ),
    )


if __name__ == "__main__":
    run_command(main)
