"""The three small encoders, with what they learn by.

- `small-acoustic`: ids of one codebook, from which log-mels are made again (a codec alone).
- `small-codec`: ids of four levels; log-mels from all of them, and from the first a recogniser's
  hidden layer too (as SpeechTokenizer, Zhang et al. 2023, learns from HuBERT).
- `small-labels`: ids of eight digits, 25 a second, from which phones are told (as CosyVoice's).
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire_engines.phones.phone_set import PHONES
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.small.body import BANDS, RIGHT, STEP, Body, BodyConfig
from facewire_training.speech_encoders.small.quantisers import ResidualQuantiser, ScalarQuantiser

Kind = Literal["acoustic", "codec", "labels"]
LEVELS = {"acoustic": (1, 1024), "codec": (4, 512)}
"""Codebooks and their sizes."""
WIDTH = 64
"""Of codes."""
TAUGHT = 384
"""Width of the recogniser's hidden layer."""
COMMITMENT = 0.25
TAUGHT_WEIGHT = 1.0


@dataclass(frozen=True, slots=True)
class SmallConfig:
    """Which of the three, and how large."""

    kind: Kind
    body: BodyConfig = field(default_factory=BodyConfig)
    speaks: str = ""
    """Of a student (`student.py`), whose ids it says; its own if nothing."""
    middle: str = "1/2"
    """Of a row, in rows, as its teacher's."""


def representation_of(kind: Kind) -> Representation:
    """Return what comes out of a small encoder."""
    if kind == "labels":
        return Representation("small-labels", "labels", Fraction(25), codebooks=1, vocabulary=3**8)
    levels, size = LEVELS[kind]
    return Representation(
        f"small-{kind}",
        "acoustic" if kind == "acoustic" else "semantic-acoustic",
        Fraction(50),
        codebooks=levels,
        vocabulary=size,
    )


def perceptron(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Return convolutions over a few neighbouring rows, `[B, C, N]`."""
    return nn.Sequential(
        nn.Conv1d(inputs, width, 5, padding=2),
        nn.GELU(),
        nn.Conv1d(width, width, 3, padding=1),
        nn.GELU(),
        nn.Conv1d(width, outputs, 1),
    )


class SmallEncoder(nn.Module):
    """A body and its quantiser; the heads are for training alone."""

    def __init__(self, config: SmallConfig) -> None:
        super().__init__()
        self.config = config
        self.body = Body(config.body)
        width = config.body.width
        self.quantiser: ResidualQuantiser | ScalarQuantiser
        if config.kind == "labels":
            self.quantiser = ScalarQuantiser(2 * width)
            self.head = perceptron(8, width, 4 * len(PHONES))
        else:
            levels, size = LEVELS[config.kind]
            self.quantiser = ResidualQuantiser(width, WIDTH, levels, size)
            self.head = perceptron(WIDTH, width, 2 * BANDS)
        if config.kind == "codec":
            self.taught = perceptron(WIDTH, width, TAUGHT)

    def rows(self, hidden: Tensor) -> Tensor:
        """Return what is quantised: hidden rows, two by two where the rate is 25 Hz."""
        if self.config.kind == "labels":
            even = hidden[:, : hidden.shape[1] // 2 * 2]
            return even.reshape(even.shape[0], -1, 2 * even.shape[2])
        return hidden

    def ids(self, samples: Tensor) -> Tensor:
        """Return the ids `[B, N, codebooks]` of whole utterances `[B, T]`, whole rows of them."""
        padded = functional.pad(samples, (0, RIGHT * STEP))
        hidden = self.body(
            padded[:, : padded.shape[1] // STEP * STEP], *self.body.past(len(samples))
        )
        ids: Tensor = self.quantiser(self.rows(hidden[0][:, RIGHT:]))[0]
        return ids

    def losses(self, samples: Tensor, phones: Tensor, taught: Tensor) -> dict[str, Tensor]:
        """Return the parts of the loss; `total` is what is made small.

        Args:
            samples: `[B, N * STEP]`.
            phones: `[B, 2 N, 40]` how probable each phone is at each 10 ms; zeros where unknown.
            taught: `[B, N, 384]` the recogniser's rows, in the middle of each period.
        """
        hidden, mel, *_ = self.body(samples, *self.body.past(len(samples)))
        rows, count = self.rows(hidden[:, RIGHT:]), hidden.shape[1] - RIGHT
        if isinstance(self.quantiser, ScalarQuantiser):
            _, digits, _ = self.quantiser(rows)
            scores = self.head(digits.transpose(1, 2)).transpose(1, 2)
            scores = scores.reshape(len(samples), -1, len(PHONES)).log_softmax(-1)
            wanted = phones[:, : scores.shape[1]]
            told = wanted.sum().clamp(min=1)
            right = (scores.argmax(-1) == wanted.argmax(-1)) & (wanted.sum(-1) > 0)
            known = (wanted.sum(-1) > 0).sum().clamp(min=1)
            return {"total": -(wanted * scores).sum() / told, "right": right.sum() / known}
        _, said, commitment = self.quantiser(rows)
        made = self.head(said[-1].transpose(1, 2)).transpose(1, 2).reshape(len(samples), -1, BANDS)
        mels = (made - mel[:, : 2 * count]).abs().mean()
        parts = {"mels": mels, "commitment": commitment}
        total = mels + COMMITMENT * commitment
        if self.config.kind == "codec":
            heard = self.taught(said[0].transpose(1, 2)).transpose(1, 2)
            parts["taught"] = 1 - functional.cosine_similarity(heard, taught[:, :count], -1).mean()
            total = total + TAUGHT_WEIGHT * parts["taught"]
        return parts | {"total": total}


@torch.no_grad()
def share_used(network: SmallEncoder, ids: Tensor) -> float:
    """Return the perplexity of ids `[R, codebooks]`, as a share of the vocabulary; the mean."""
    size = representation_of(network.config.kind).vocabulary
    shares = [torch.bincount(level, minlength=size).float() / len(level) for level in ids.T]
    bits = [-(p[p > 0] * p[p > 0].log()).sum() for p in shares]
    return float(torch.stack(bits).exp().mean() / size)
