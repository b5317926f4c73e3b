"""Record what a trained encoder hears of augmented batches, so that decoders learn from it alone.

    python -m facewire_training.model.record --run runs/lips2 --corpus runs/corpus --out runs/heard

Making a batch and hearing it take most of a decoder's step. Recorded once, 12 MB each, they serve
every decoder that is tried on the same encoder: `train --only decoder --recorded runs/heard`.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import Dataset

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_training.command import make_parser, run_command
from facewire_training.model.batches import CAPTURE_SHARES, SHARES, BatchConfig, Batches
from facewire_training.model.encoder import Encoder
from facewire_training.model.export import load_run
from facewire_training.model.networks import TrainConfig, carried, hear
from facewire_training.option_ranges import BATCH, SEED, SHARE, STEPS, THREADS
from facewire_training.training_run import hold_folder, replace_text, write_checkpoint

SETTINGS = "record.json"
_KEPT = ("effort", "curves", "trust", "contact")
"""What is kept of a batch in half precision, besides what was heard."""


class Recorded(Dataset[dict[str, Tensor]]):
    """Batches as an encoder has heard them, again from the first after the last."""

    def __init__(self, folder: Path, encoder: nn.Module, steps: int) -> None:
        """Open a record.

        Args:
            folder: that `record` wrote.
            encoder: the one whose decoder learns.
            steps: how many batches to give.

        Raises:
            ConfigError: there is no record, or another encoder was recorded.
        """
        if _settings(folder).encoder != fingerprint(encoder):
            raise ConfigError(f"{folder} is of another encoder; record the one that is trained")
        self.steps = steps
        self._files = sorted(folder.glob("*.pt"))

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        """Return a batch without `samples`, but with `scores` and `heard_effort`."""
        file = self._files[step % len(self._files)]
        rows: dict[str, Tensor] = torch.load(file, weights_only=True)
        labels = rows.pop("labels").long()
        return {"labels": labels} | {name: value.float() for name, value in rows.items()}


def recorded_batches(folder: Path) -> BatchConfig:
    """Return what the batches of a record were made of.

    Raises:
        ConfigError: there is no record.
    """
    return _settings(folder).batches


@dataclass(frozen=True, slots=True)
class _Settings:
    """What a record says of itself."""

    encoder: str
    """Its fingerprint."""
    batches: BatchConfig


def _settings(folder: Path) -> _Settings:
    try:
        return msgspec.json.decode((folder / SETTINGS).read_bytes(), type=_Settings)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(
            f"{folder} is no whole record; run python -m facewire_training.model.record"
        ) from error


def fingerprint(encoder: nn.Module) -> str:
    """Return sha256 of an encoder's weights."""
    digest = hashlib.sha256()
    for _, weight in sorted(encoder.named_parameters()):
        digest.update(weight.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


@torch.no_grad()
def heard(
    encoder: Encoder, data: Batches, batch: int, carried_share: float
) -> Iterator[dict[str, Tensor]]:
    """Yield what an encoder hears of each batch, going on from other crops' memory.

    Args:
        encoder: which.
        data: batches.
        batch: crops in each.
        carried_share: of crops that begin with the memory of another.
    """
    hidden = encoder.past(batch)[-1]
    for step in range(len(data)):
        rows = data[step]
        generator = torch.Generator().manual_seed(step)
        begins = carried(hidden, carried_share, generator)
        scores, effort, hidden = hear(encoder, rows["samples"], begins, rows["warp"])
        yield {
            "scores": scores.half(),
            "heard_effort": effort.half(),
            "labels": rows["labels"].to(torch.uint8),
            "style": rows["style"],
            **{name: rows[name].half() for name in _KEPT},
        }


def main() -> None:
    """Parse the command line and record."""
    parser = make_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="whose encoder hears")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--out", type=Path, required=True, help="folder of the record")
    parser.add_argument("--steps", type=STEPS, default=600, help="batches")
    parser.add_argument("--batch", type=BATCH, default=24, help="crops in a batch")
    parser.add_argument("--captures", type=SHARE, default=0.15, help="share of captured faces")
    parser.add_argument(
        "--in-style",
        type=SHARE,
        default=0.25,
        help="share of the other crops that are shown in somebody's captured style",
    )
    parser.add_argument("--seed", type=SEED, default=11, help="seed of the batches")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    spoken = tuple((name, share * (1 - given.captures)) for name, share in SHARES)
    faces = tuple((name, share * given.captures) for name, share in CAPTURE_SHARES)
    config = BatchConfig(batch=given.batch, in_style=given.in_style, shares=(*spoken, *faces))
    encoder, _ = load_run(given.run)
    data = Batches(given.corpus, config, given.seed, given.steps)
    with hold_folder(given.out):
        # Written last: it says that the record is whole.
        (given.out / SETTINGS).unlink(missing_ok=True)
        rows = heard(encoder, data, given.batch, TrainConfig().carried)
        for step, batch in enumerate(track(rows, total=given.steps, description="recording")):
            write_checkpoint(batch, given.out / f"{step:05d}.pt")
        made = _Settings(fingerprint(encoder), config)
        replace_text(given.out / "command.txt", f"{command_line()}\n")
        replace_text(given.out / SETTINGS, msgspec.json.encode(made).decode())


if __name__ == "__main__":
    run_command(main)
