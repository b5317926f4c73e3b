"""Train a causal student of another tokenizer: the same ids, said 40 ms after their sound.

    python -m facewire_training.speech_encoders.small.student --corpus runs/corpus \
        --encoded runs/encoded/cosyvoice2 --run runs/small/cosyvoice2-student

CosyVoice's tokenizer hears a whole utterance; a microphone cannot wait for it. The student has the
body of `small-labels`, and learns each of the eight digits of an id. Decoders of the tokenizer's
ids take the student's.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from facewire.errors import ConfigError
from facewire.report_file import command_line
from facewire_engines.cosyvoice.tokens import VOCABULARY, digits
from facewire_training.command import make_parser, run_command
from facewire_training.data.shards import Shard, open_shard
from facewire_training.data.sources import write_sources
from facewire_training.model.frontend import SAMPLE_RATE
from facewire_training.option_ranges import BATCH, LEARNING_RATE, SEED, STEPS, THREADS
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.rows.encoded import (
    EncodedShard,
    load_encoded,
    read_representation,
)
from facewire_training.speech_encoders.small.body import RIGHT, STEP
from facewire_training.speech_encoders.small.encoder import SmallIds
from facewire_training.speech_encoders.small.networks import SmallConfig, SmallEncoder
from facewire_training.speech_encoders.small.train import CORPORA, LOUDER_DB, new_network, train
from facewire_training.training_run import hold_folder, replace_text

PERIOD = 2 * STEP
"""Samples of a row: 40 ms."""
CROP = 100
"""Rows of a crop: 4 s."""
STEEPNESS = 6.0
"""Of the logistic curves between a digit and the next."""
VALIDATION = "validation/librispeech"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a student says what its teacher says."""

    ids: float
    digits: float
    commonest: float
    """Of digits, for who always says each one's commonest value."""
    rows: int


def config_of(teacher: Representation) -> SmallConfig:
    """Return the student of a tokenizer.

    Raises:
        ConfigError: its ids have no eight digits of three levels, 25 a second.
    """
    if teacher.rate != 25 or teacher.codebooks != 1 or teacher.vocabulary != VOCABULARY:
        raise ConfigError(
            f"a student learns one id of eight digits 25 times a second, and {teacher.name} has "
            "others; take the ids of CosyVoice's tokenizer"
        )
    return SmallConfig("labels", speaks=teacher.name, middle=str(teacher.middle))


class IdCrops:
    """Draws crops with the ids that the teacher says. Batch `n` is always the same."""

    def __init__(self, corpus: Path, encoded: Path, names: str, batch: int, seed: int) -> None:
        self._batch, self._seed = batch, seed
        self._shards: list[tuple[Shard, EncodedShard]] = []
        for name in names.split(","):
            shard = open_shard(corpus, name)
            self._shards.append((shard, load_encoded(encoded, name, shard)))
        rows = np.array([len(said.rows) for _, said in self._shards], float)
        self._shares = rows / rows.sum()

    def hours(self) -> dict[str, float]:
        """Return how much of each corpus is heard."""
        hour = 3600 * SAMPLE_RATE / PERIOD
        return {shard.corpus: len(said.rows) / hour for shard, said in self._shards}

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Return samples `[B, T]` and digits `[B, N, 8]`, -1 where the teacher says nothing."""
        rng = np.random.default_rng((self._seed, step))
        crops = [self._crop(rng) for _ in range(self._batch)]
        samples, told = (torch.from_numpy(np.stack(part)) for part in zip(*crops, strict=True))
        return samples, told

    def _crop(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        shard, said = self._shards[rng.choice(len(self._shards), p=self._shares)]
        place = int(rng.integers(len(said)))
        ids: NDArray[np.int64] = said.rows_of(place)[:, 0].astype(np.int64)
        first = int(rng.integers(max(1, len(ids) - CROP)))
        ids = ids[first : first + CROP]
        begin = int(shard.starts[said.utterances[place]]) + first * PERIOD
        # What is heard after the last row of a crop is heard there too.
        end = min(begin + (CROP * PERIOD + RIGHT * STEP), int(shard.starts[-1]))
        gain = 10 ** (rng.uniform(-LOUDER_DB, LOUDER_DB) / 20) / 32767
        samples = np.zeros(CROP * PERIOD + RIGHT * STEP, np.float32)
        samples[: end - begin] = np.clip(shard.samples[begin:end] * gain, -1, 1)
        told = np.full((CROP, 8), -1, np.int64)
        told[: len(ids)] = digits(ids)
        return samples, told


def student_losses(network: SmallEncoder, samples: Tensor, told: Tensor) -> dict[str, Tensor]:
    """Return the loss of a batch: how surely each digit lies on its side of both borders.

    Args:
        network: the student.
        samples: `[B, T]`.
        told: `[B, N, 8]` digits 0 to 2; -1 where nobody knows.
    """
    hidden = network.body(samples, *network.body.past(len(samples)))[0][:, RIGHT:]
    _, _, numbers = network.quantiser(network.rows(hidden))
    numbers, told = numbers[:, : told.shape[1]], told[:, : numbers.shape[1]]
    known = (told >= 0).to(numbers.dtype)
    total = numbers.new_zeros(())
    for border, least in ((-0.5, 1), (0.5, 2)):
        scores = STEEPNESS * (numbers - border)
        above = (told >= least).to(numbers.dtype)
        total = total + functional.binary_cross_entropy_with_logits(scores, above, weight=known)
    right = ((numbers.round() + 1 == told) * known).sum() / known.sum().clamp(min=1)
    return {"total": total, "right": right}


def agreement(student: SmallIds, shard: Shard, said: EncodedShard) -> Agreement:
    """Compare a student with its teacher, row by row."""
    pairs = []
    for place in range(len(said)):
        (ours,) = student.encode([shard.audio(int(said.utterances[place]))])
        truth = said.rows_of(place)[:, 0].astype(np.int64)
        count = min(len(ours), len(truth))
        pairs.append((ours[:count, 0].astype(np.int64), truth[:count]))
    ours, truth = (np.concatenate(side).astype(np.int64) for side in zip(*pairs, strict=True))
    mine, wanted = digits(ours), digits(truth)
    commonest = np.stack([np.bincount(column, minlength=3).max() for column in wanted.T])
    return Agreement(
        ids=float((ours == truth).mean()),
        digits=float((mine == wanted).mean()),
        commonest=float(commonest.sum() / wanted.size),
        rows=len(truth),
    )


def main() -> None:
    """Parse the command line, train, and compare with the teacher."""
    parser = make_parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder that prepare wrote")
    parser.add_argument("--encoded", type=Path, required=True, help="the same, as the teacher says")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run")
    parser.add_argument("--corpora", default=CORPORA, help="shards (default: %(default)s)")
    parser.add_argument("--validation", default=VALIDATION, help="shard (default: %(default)s)")
    parser.add_argument("--steps", type=STEPS, default=1200, help="batches (default: %(default)s)")
    parser.add_argument(
        "--batch", type=BATCH, default=24, help="crops of 4 s (default: %(default)s)"
    )
    parser.add_argument("--rate", type=LEARNING_RATE, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--seed", type=SEED, default=0, help="of the batches")
    parser.add_argument("--threads", type=THREADS, default=1, help="threads of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = config_of(read_representation(options.encoded))
    crops = IdCrops(options.corpus, options.encoded, options.corpora, options.batch, options.seed)
    network = new_network(config)
    with hold_folder(options.run):
        replace_text(options.run / "command.txt", command_line() + "\n")
        write_sources(options.run, crops.hours())
        train(
            network,
            lambda step: student_losses(network, *crops.draw(step)),
            options.run,
            options.steps,
            options.rate,
        )
    shard = open_shard(options.corpus, options.validation)
    said = load_encoded(options.encoded, options.validation, shard)
    found = agreement(SmallIds(network), shard, said)
    print(
        f"of {found.rows} ids of {config.speaks} {found.ids:.1%} are equal, of their digits "
        f"{found.digits:.1%} (always the commonest: {found.commonest:.1%})"
    )


if __name__ == "__main__":
    run_command(main)
