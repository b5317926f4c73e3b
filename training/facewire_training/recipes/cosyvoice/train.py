"""Train a decoder of CosyVoice's ids, resumable and seeded.

    python -m facewire_training.recipes.cosyvoice.train --corpus runs/corpus \
        --tokens runs/cosyvoice2/tokens --run runs/cosyvoice2/digits --embedding digits

The faces are those of the corpus: captured ones, and procedural animation of the phones.
"""

import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_training.command import make_parser, run_command
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.option_ranges import BATCH, LEARNING_RATE, SEED, STEPS, THREADS
from facewire_training.recipes.cosyvoice.batches import TokenBatches, Windows
from facewire_training.recipes.cosyvoice.network import Network, NetworkConfig
from facewire_training.training_run import (
    check_numbers,
    hold_folder,
    linear_schedule,
    read_state,
    replace_text,
    show_progress,
    write_checkpoint,
)

SAVE_EVERY = 250


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything that a run is made of; written into its folder."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    space: str = ""
    """Of the ids that it learns from."""
    steps: int = 3000
    batch: int = 32
    """Runs of frames in a batch."""
    frames: int = 48
    """Frames in a run."""
    rate: float = 2e-3
    """The highest learning rate."""
    weight_decay: float = 0.01
    swapped: float = 0.03
    """Share of ids that are replaced by others: a TTS samples what no recording has."""
    speech: float = 0.2
    """How much knowing whether somebody speaks counts."""
    seed: int = 0


class Training:
    """A network, its optimizer, and how far they are."""

    def __init__(self, config: RunConfig, run: Path) -> None:
        """Go on from the run's last checkpoint, or begin.

        Raises:
            ConfigError: the checkpoint is one of another network, or of other ids.
        """
        torch.manual_seed(config.seed)
        self.config, self.run, self.step = config, run, 0
        self.network = Network(config.network)
        self.loss = FaceLoss(config.loss)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), config.rate, weight_decay=config.weight_decay
        )
        path = run / "checkpoint.pt"
        if path.exists():
            state = read_state(path)
            before = state["config"]
            if (before["network"], before["space"]) != (asdict(config.network), config.space):
                raise ConfigError(f"{run} holds another network or ids; choose another --run")
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]

    def learn(self, windows: Windows) -> dict[str, float]:
        """Take one step, and return the parts of the loss.

        Raises:
            ConfigError: the loss or its gradient is no number; nothing is learned then.
        """
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = config.rate * linear_schedule(self.step, config.steps, warm_up=100)
        parts = self.losses(windows)
        self.optimizer.zero_grad()
        total = parts["face"] + config.speech * parts["speech"]
        total.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        length = float(nn.utils.clip_grad_norm_(self.network.parameters(), 1.0))
        said = {name: float(value.detach()) for name, value in parts.items()}
        check_numbers(self.step, length, said)
        self.optimizer.step()
        self.step += 1
        return {name: round(value, 5) for name, value in said.items()}

    def losses(self, windows: Windows) -> dict[str, Tensor]:
        """Return the parts of the loss, all scalars."""
        runs, frames, places = windows.tokens.shape
        tokens = _swapped(windows.tokens, self.config.swapped)
        raw, logit = self.network.raw(
            tokens.reshape(-1, places),
            windows.known.reshape(-1, places),
            windows.phase.repeat(runs),
        )
        raw, logit = raw.reshape(runs, frames, -1), logit.reshape(runs, frames)
        told = windows.speech >= 0
        speech = functional.binary_cross_entropy_with_logits(logit[told], windows.speech[told])
        face = self.loss(raw, windows.truth, windows.believed.float())
        return {"face": face, "speech": speech}

    def save(self) -> None:
        """Write a checkpoint so that a crash in the middle leaves the last one whole."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "config": asdict(self.config),
        }
        write_checkpoint(state, self.run / "checkpoint.pt")


def _swapped(tokens: Tensor, share: float) -> Tensor:
    """Replace a share of the ids by others of the batch."""
    others = tokens.flatten()[torch.randperm(tokens.numel())].reshape(tokens.shape)
    return torch.where(torch.rand(tokens.shape) < share, others, tokens)


def train(config: RunConfig, batches: TokenBatches, run: Path) -> None:
    """Train until `config.steps`.

    Raises:
        ConfigError: the run's folder holds another run.
    """
    run.mkdir(parents=True, exist_ok=True)
    training = Training(config, run)
    replace_text(run / "config.json", json.dumps(asdict(config), indent=2))
    with show_progress() as progress, (run / "metrics.jsonl").open("a") as log:
        bar = progress.add_task("training", total=config.steps, completed=training.step)
        while training.step < config.steps:
            parts = training.learn(batches.draw(training.step))
            progress.update(bar, advance=1, description=f"face {parts['face']:.3f}")
            if training.step % 10 == 0:
                line = {"step": training.step, "time": time.time(), **parts}
                log.write(json.dumps(line) + "\n")
            if training.step % SAVE_EVERY == 0 or training.step == config.steps:
                log.flush()
                training.save()


def main() -> None:
    """Parse the command line and train."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--tokens", type=Path, required=True, help="what token_shards wrote")
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of this run; resumed if it exists"
    )
    parser.add_argument("--embedding", choices=("plain", "digits"), default="digits")
    parser.add_argument("--steps", type=STEPS, default=3000, help="batches to train on in all")
    parser.add_argument("--batch", type=BATCH, default=32, help="runs of 48 frames in a batch")
    parser.add_argument("--rate", type=LEARNING_RATE, default=2e-3, help="highest learning rate")
    parser.add_argument("--seed", type=SEED, default=0, help="seed of weights and batches")
    parser.add_argument("--threads", type=THREADS, default=2, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = RunConfig(
        network=NetworkConfig(embedding=options.embedding),
        steps=options.steps, batch=options.batch, rate=options.rate, seed=options.seed,
    )  # fmt: skip
    batches = TokenBatches(
        options.corpus, options.tokens,
        batch=config.batch, frames=config.frames, seed=config.seed,
    )  # fmt: skip
    config = replace(config, space=batches.space)
    with hold_folder(options.run):
        replace_text(options.run / "command.txt", f"{command_line()}\n")
        train(config, batches, options.run)


if __name__ == "__main__":
    run_command(main)
