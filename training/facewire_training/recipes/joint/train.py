"""Train a projector of the natural voice's latents, resumable and seeded.

    python -m facewire_training.recipes.joint.train --sentences runs/joint/sentences \
        --run runs/joint/one
    python -m facewire_training.recipes.joint.train --sentences runs/joint/sentences \
        --run runs/joint/two --begin-with runs/joint/one

Two stages, as UniTAF (arXiv 2602.15651) has them. In the first, the projector alone learns to say
what the embedded model's encoder hears in the sound that the latents become. The second begins with
a run of the first: there the projector and the decoder of the embedded model learn faces together.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_engines.model_files import EMBEDDED_MODELS
from facewire_engines.phones.phone_set import PHONES, TOKEN_RATE
from facewire_training.command import make_parser, run_command
from facewire_training.data.sources import read_sources, write_sources
from facewire_training.model.decoder import PLACES_MS, Decoder
from facewire_training.model.frontend import SAMPLE_RATE
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.model.restore import read_decoder
from facewire_training.model.windows import frame_times, interpolate, nearest
from facewire_training.option_ranges import BATCH, LEARNING_RATE, SEED, STEPS, THREADS, number
from facewire_training.recipes.joint.batches import Batch, Batches
from facewire_training.recipes.joint.projector import ProjectorConfig, RowProjector
from facewire_training.recipes.joint.sentences import Sentences, load_sentences
from facewire_training.training_run import (
    check_numbers,
    hold_folder,
    linear_schedule,
    read_state,
    replace_text,
    restoring,
    show_progress,
    write_checkpoint,
)

SAVE_EVERY = 250
MADE_BY = "facewire_training.recipes.joint.train"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything that a run is made of; written into its folder."""

    projector: ProjectorConfig = field(default_factory=ProjectorConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    steps: int = 2500
    batch: int = 24
    rate: float = 2e-3
    """The highest learning rate."""
    weight_decay: float = 0.01
    noise: float = 0.1
    """Added to latents, whose own deviation is about 1.2."""
    effort: float = 4.0
    """How much the squared error of effort counts against the divergence of classes."""
    begin_with: str = ""
    """Run whose networks this one begins with; it is of the second stage then."""
    decoder_learns: bool = True
    """Whether the decoder learns in the second stage, or the projector alone."""
    captures: tuple[str, ...] = ()
    """Files of captured faces that it also learns from."""
    heard: float = 0.3
    """How much the loss of the first stage counts in the second."""
    seed: int = 0


class JointModel(nn.Module):
    """A projector and a decoder."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        self.config = config
        self.projector = RowProjector(config.projector)
        size, weights = read_decoder(EMBEDDED_MODELS / "phones" / "decoder.onnx")
        self.decoder = Decoder(size)
        own = self.decoder.state_dict()
        self.decoder.load_state_dict(own | weights)
        self.decoder.requires_grad_(bool(config.begin_with) and config.decoder_learns)
        self.face_loss = FaceLoss(config.loss)

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss, all scalars."""
        noise = torch.randn(batch.latents.shape, generator=generator) * self.config.noise
        # Where there is no speech there is no noise either: rest is exact.
        noise = noise * (batch.latents.abs().amax(-1, keepdim=True) > 0)
        scores, effort = self.projector.scores(batch.latents + noise)
        wanted = batch.heard[..., :-1]
        logs = functional.log_softmax(scores, -1)
        parts = {
            "classes": (wanted * (wanted.clamp(min=1e-6).log() - logs)).sum(-1).mean(),
            "effort": (effort - batch.heard[..., -1]).square().mean(),
        }
        if self.config.begin_with:
            rows = torch.cat((scores.softmax(-1), effort[..., None]), -1)
            parts["face"] = self._face(rows, batch, generator)
        return parts

    def total(self, parts: dict[str, Tensor]) -> Tensor:
        """Return what is learned from."""
        heard = parts["classes"] + self.config.effort * parts["effort"]
        return parts["face"] + self.config.heard * heard if "face" in parts else heard

    def _face(self, rows: Tensor, batch: Batch, generator: torch.Generator) -> Tensor:
        """Return how far the decoder's faces of rows `[B, T, 41]` are from the true ones."""
        times = frame_times(rows.shape[1], generator, rows.device)
        places = times[:, None] + torch.tensor(PLACES_MS) * (SAMPLE_RATE // 1000)
        window = interpolate(rows, places)
        ones = torch.ones_like(window[..., 0])
        raw = self.decoder.raw(window[..., : len(PHONES)], ones, window[..., -1], ones)
        truth = interpolate(batch.curves, times)
        loss: Tensor = self.face_loss(raw, truth, nearest(batch.known, times))
        return loss


class Training:
    """A model, its optimizer, and how far they are."""

    def __init__(self, config: RunConfig, run: Path) -> None:
        """Go on from the run's last checkpoint, or begin.

        Raises:
            ConfigError: the checkpoint is one of another projector or stage.
        """
        torch.manual_seed(config.seed)
        self.config, self.run, self.step = config, run, 0
        self.model = JointModel(config)
        if config.begin_with:
            state = read_state(Path(config.begin_with) / "checkpoint.pt")
            with restoring(Path(config.begin_with), MADE_BY):
                self.model.load_state_dict(state["model"])
        learns = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.AdamW(learns, config.rate, weight_decay=config.weight_decay)
        path = run / "checkpoint.pt"
        if path.exists():
            state = read_state(path)
            if state.get("config", {}) | {"steps": 0} != _plain(config) | {"steps": 0}:
                raise ConfigError(f"{run} holds a run of other settings; choose another --run")
            with restoring(run, MADE_BY):
                self.model.load_state_dict(state["model"])
                self.optimizer.load_state_dict(state["optimizer"])
                self.step = state["step"]

    def learn(self, batch: Batch) -> dict[str, float]:
        """Take one step, and return the parts of the loss.

        Raises:
            ConfigError: the loss or its gradient is no number; nothing is learned then.
        """
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = config.rate * linear_schedule(self.step, config.steps, warm_up=50)
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + self.step)
        self.model.train()
        parts = self.model.losses(batch, generator)
        self.optimizer.zero_grad()
        self.model.total(parts).backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        length = float(nn.utils.clip_grad_norm_(self.model.parameters(), 1.0))
        said = {name: float(value.detach()) for name, value in parts.items()}
        check_numbers(self.step, length, said)
        self.optimizer.step()
        self.step += 1
        return {name: round(value, 5) for name, value in said.items()}

    def save(self) -> None:
        """Write a checkpoint so that a crash in the middle leaves the last one whole."""
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "config": _plain(self.config),
        }
        write_checkpoint(state, self.run / "checkpoint.pt")


def _plain(config: RunConfig) -> dict[str, object]:
    """Return a configuration as a file keeps it."""
    plain: dict[str, object] = json.loads(json.dumps(asdict(config)))
    return plain


@torch.no_grad()
def validate(model: JointModel, batches: Batches, count: int = 8) -> dict[str, float]:
    """Return the parts of the loss on other sentences, without noise in the statistics."""
    model.eval()
    generator = torch.Generator().manual_seed(0)
    found = [model.losses(batches.draw(step), generator) for step in range(count)]
    return {name: round(float(sum(one[name] for one in found)) / count, 5) for name in found[0]}


def train(config: RunConfig, batches: Batches, held_out: Batches, run: Path) -> None:
    """Train until `config.steps`.

    Raises:
        ConfigError: the run's folder holds another run.
    """
    training = Training(config, run)
    replace_text(run / "config.json", json.dumps(asdict(config), indent=2))
    with show_progress() as progress, (run / "metrics.jsonl").open("a") as log:
        bar = progress.add_task("training", total=config.steps, completed=training.step)
        while training.step < config.steps:
            parts = training.learn(batches.draw(training.step))
            progress.update(bar, advance=1, description=f"classes {parts['classes']:.3f}")
            if training.step % SAVE_EVERY == 0 or training.step == config.steps:
                told = {"train": parts, "validation": validate(training.model, held_out)}
                log.write(json.dumps({"step": training.step, "time": time.time(), **told}) + "\n")
                log.flush()
                training.save()


def _read(path: Path, width: int) -> Sentences:
    sentences = load_sentences(path)
    if sentences.latents.shape[1:] != (width,):
        raise ConfigError(
            f"the latents of {path} are not of {width} numbers; make it again with the voice hibari"
        )
    return sentences


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and train."""
    parser = make_parser(__doc__)
    parser.add_argument("--sentences", type=Path, required=True, help="what sentences wrote")
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of this run; resumed if it exists"
    )
    parser.add_argument("--begin-with", default="", help="run to begin the second stage with")
    parser.add_argument(
        "--keep-decoder", action="store_true", help="in the second stage only the projector learns"
    )
    parser.add_argument(
        "--captures", action="append", default=[], help="a file that captured wrote; repeatable"
    )
    weight = number(0, 100)
    parser.add_argument("--mouth-state", type=weight, default=0.0, help="weight of that loss")
    parser.add_argument(
        "--mouth-state-mesh", type=weight, default=0.0, help="and of that on the lips' mesh"
    )
    parser.add_argument("--steps", type=STEPS, default=2500, help="batches to train on in all")
    parser.add_argument("--batch", type=BATCH, default=24, help="crops of 1.5 s in a batch")
    parser.add_argument("--rate", type=LEARNING_RATE, default=2e-3, help="highest learning rate")
    parser.add_argument("--seed", type=SEED, default=0, help="seed of weights and batches")
    parser.add_argument("--threads", type=THREADS, default=2, help="threads of torch")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    config = RunConfig(
        steps=options.steps, batch=options.batch, rate=options.rate, seed=options.seed,
        begin_with=options.begin_with, decoder_learns=not options.keep_decoder,
        captures=tuple(options.captures),
        loss=LossConfig(
            mouth_state=options.mouth_state, mouth_state_mesh=options.mouth_state_mesh
        ),
    )  # fmt: skip
    width = config.projector.widths[0]
    files = [options.sentences / "train.npz", *map(Path, config.captures)]
    sources = [_read(file, width) for file in files]
    held_out = Batches([_read(options.sentences / "validation.npz", width)], seed=1)
    begun = Path(options.begin_with) if options.begin_with else None
    told = begun / "command.txt" if begun else None
    before = f"{told.read_text(encoding='utf-8').strip()} && " if told and told.is_file() else ""
    with hold_folder(options.run):
        replace_text(options.run / "command.txt", f"{before}{command_line()}\n")
        said, *captured = (len(source.heard) / TOKEN_RATE / 3600 for source in sources)
        hours = {"hibari": said} | ({"grid": max(captured)} if captured else {})
        write_sources(options.run, hours, before=(read_sources(begun) or ()) if begun else ())
        train(config, Batches(sources, batch=config.batch, seed=config.seed), held_out, options.run)


if __name__ == "__main__":
    run_command(main)
