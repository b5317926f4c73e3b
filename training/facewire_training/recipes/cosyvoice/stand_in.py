"""Ids of the shape of CosyVoice2's, made from phones: for building and testing without its weights.

CosyVoice2's tokenizer is a speech recogniser with a bottle-neck of eight numbers, rounded to three
levels each. This one has the same bottle-neck, but hears the true phones and the effort of 120 ms
instead of sound, and learns to say the phones and the effort of the 40 ms in its middle. Its ids
mean something else than CosyVoice's: no voice speaks them.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional

from facewire_engines.cosyvoice.tokens import DIGITS, LEVELS, ids_of
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import UNKNOWN, Shard, load
from facewire_training.data.targets import load_targets
from facewire_training.option_ranges import SEED, STEPS, THREADS
from facewire_training.training_run import read_state, write_checkpoint

HOPS = 4
"""Of 10 ms, in a token."""
MARGIN = 4
"""Hops that are heard on each side of a token."""
HEARD = HOPS + 2 * MARGIN
WIDTH = 128


class StandInTokenizer(nn.Module):
    """Phones and effort to digits, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(
            nn.Linear(HEARD * (len(PHONES) + 1), WIDTH), nn.SiLU(), nn.Linear(WIDTH, DIGITS)
        )
        self.decode = nn.Sequential(
            nn.Linear(DIGITS, WIDTH), nn.SiLU(), nn.Linear(WIDTH, HOPS * len(PHONES) + 1)
        )

    def digits(self, labels: Tensor, effort: Tensor) -> Tensor:
        """Map classes and effort `[B, 12]` to digits `[B, 8]`; gradients pass the rounding."""
        heard = torch.cat((functional.one_hot(labels, len(PHONES)), effort[..., None]), dim=-1)
        soft = (self.encode(heard.flatten(-2)).tanh() + 1.0) * (LEVELS - 1) / 2
        rounded: Tensor = soft + (soft.round() - soft).detach()
        return rounded

    def loss(self, labels: Tensor, effort: Tensor) -> Tensor:
        """Return how badly digits tell the phones and the effort of the middle, a scalar."""
        said = self.decode(self.digits(labels, effort))
        middle = slice(MARGIN, MARGIN + HOPS)
        scores = said[:, :-1].reshape(-1, len(PHONES))
        phones = functional.cross_entropy(scores, labels[:, middle].flatten())
        return phones + functional.mse_loss(said[:, -1], effort[:, middle].mean(-1))

    @torch.no_grad()
    def ids(self, labels: NDArray[np.integer], effort: NDArray[np.floating]) -> NDArray[np.int32]:
        """Return the ids of an utterance, one for each whole 40 ms of its classes `[T]`."""
        count = len(labels) // HOPS
        edges = (MARGIN, MARGIN + HOPS)
        places = np.arange(count)[:, None] * HOPS + np.arange(HEARD)
        known = np.where(labels == UNKNOWN, INDEX["sil"], labels).astype(np.int64)
        padded = np.pad(known, edges, constant_values=INDEX["sil"])
        loud = np.pad(effort.astype(np.float32), edges)
        digits = self.digits(torch.from_numpy(padded[places]), torch.from_numpy(loud[places]))
        return ids_of(digits.numpy().round())


def learn(corpus: Path, steps: int, seed: int) -> StandInTokenizer:
    """Train a tokenizer on the shards of a corpus whose phones are known."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    shards = [(shard, load_targets(corpus, shard).effort) for shard in load(corpus)]
    shards = [(shard, effort) for shard, effort in shards if (shard.labels != UNKNOWN).all()]
    tokenizer = StandInTokenizer()
    optimizer = torch.optim.AdamW(tokenizer.parameters(), 2e-3)
    for _ in track(range(steps), description="stand-in tokenizer"):
        batches = [_draw(shard, effort, rng) for shard, effort in shards]
        labels = torch.from_numpy(np.concatenate([labels for labels, _ in batches]))
        effort = torch.from_numpy(np.concatenate([effort for _, effort in batches]))
        optimizer.zero_grad()
        tokenizer.loss(labels, effort).backward()  # type: ignore[no-untyped-call] # torch's
        optimizer.step()
    return tokenizer


def _draw(
    shard: Shard, effort: NDArray[np.float16], rng: np.random.Generator, count: int = 128
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    starts = rng.integers(0, len(shard.labels) - HEARD, count)
    places = starts[:, None] + np.arange(HEARD)
    return shard.labels[places].astype(np.int64), effort[places].astype(np.float32)


def save(tokenizer: StandInTokenizer, path: Path) -> None:
    """Write a tokenizer."""
    write_checkpoint(tokenizer.state_dict(), path)


def load_stand_in(path: Path) -> StandInTokenizer:
    """Read a tokenizer that was written."""
    tokenizer = StandInTokenizer()
    tokenizer.load_state_dict(read_state(path))
    return tokenizer


def main() -> None:
    """Parse the command line and train."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.add_argument("--steps", type=STEPS, default=1500, help="batches to train on")
    parser.add_argument("--seed", type=SEED, default=0, help="of weights and batches")
    parser.add_argument("--threads", type=THREADS, default=2, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save(learn(options.corpus, options.steps, options.seed), options.out)


if __name__ == "__main__":
    run_command(main)
