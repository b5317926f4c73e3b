"""The network of CosyVoice2's speech tokenizer, S3 (Du et al. 2024, CosyVoice 2, section 2.2).

Log-mels at 100 Hz go through two convolutions of stride two, then through Transformer layers in
which every value has, beside attention, a memory of the 15 values before and after it (FSMN). Eight
numbers of each row, between -1 and 1, are rounded to three levels: 6561 ids. Modules are called as
in the graph that CosyVoice publishes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire_engines.cosyvoice.tokens import DIGITS, LEVELS

MELS = 128
FRAMES_A_ROW = 4
HEAD = 64
"""Numbers of one attention head."""
MEMORY = 31
"""Values that the memory of a layer spans."""
BELOW_ONE = 0.9990000128746033
"""Numbers are kept below 1 by it, before they are rounded."""
THETA = 10_000.0


@dataclass(frozen=True, slots=True)
class S3Size:
    """What tells one from another."""

    width: int = 1280
    layers: int = 6


class S3Attention(nn.Module):
    """Attention with rotated queries and keys, and a memory of values."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.fsmn_block = nn.Conv1d(
            width, width, MEMORY, padding=MEMORY // 2, groups=width, bias=False
        )

    def forward(self, x: Tensor, here: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """Attend.

        Args:
            x: `[B, T, D]`.
            here: `[B, T, 1]`, 1 where there is something and 0 after the end.
            turns: cosines and sines, `[T, 64]` each.
        """
        value = self.value(x)
        known = value * here
        memory = (self.fsmn_block(known.transpose(1, 2)).transpose(1, 2) + known) * here
        query, key = (_turned(_heads(y), turns) for y in (self.query(x), self.key(x)))
        scale = HEAD**-0.25
        scores = (query * scale) @ (key * scale).transpose(2, 3)
        scores = scores + (1 - here).transpose(1, 2)[:, None] * -1e10
        heard = scores.softmax(-1) @ _heads(value)
        mixed: Tensor = self.out(heard.transpose(1, 2).flatten(2)) + memory
        return mixed


def _heads(x: Tensor) -> Tensor:
    """Map `[B, T, D]` to `[B, heads, T, 64]`."""
    return x.reshape(x.shape[0], x.shape[1], -1, HEAD).transpose(1, 2)


def _turned(x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate each head by its position (Su et al. 2021), first half against second."""
    cosines, sines = turns
    first, second = x.chunk(2, -1)
    return x * cosines + torch.cat((-second, first), -1) * sines


class S3Layer(nn.Module):
    """Attention and a perceptron, each behind a norm and beside what goes in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = S3Attention(width)
        self.attn_ln = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor, here: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """Map `[B, T, D]` to the same shape."""
        x = x + self.attn(self.attn_ln(x), here, turns)
        changed: Tensor = x + self.mlp(self.mlp_ln(x))
        return changed


class S3Digits(nn.Module):
    """The eight numbers of a row."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project_in = nn.Linear(width, DIGITS)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, N, D]` to `[B, N, 8]` between -1 and 1."""
        numbers: Tensor = self.project_in(x).tanh() * BELOW_ONE
        return numbers


class S3Network(nn.Module):
    """The whole: log-mels in, eight numbers before rounding out."""

    def __init__(self, size: S3Size) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(MELS, size.width, 3, stride=2, padding=1)
        self.conv2 = nn.Conv1d(size.width, size.width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(S3Layer(size.width) for _ in range(size.layers))
        self.quantizer = S3Digits(size.width)

    def forward(self, mels: Tensor, lengths: Tensor) -> Tensor:
        """Map log-mels `[B, 128, T]`, of which `lengths` `[B]` are known, to `[B, T / 4, 8]`.

        What is after the end of an utterance changes nothing of it. T / 4 is rounded up.
        """
        x = mels
        for convolution in (self.conv1, self.conv2):
            x = functional.gelu(convolution(x * _here(lengths, x.shape[2])))
            lengths = (lengths + 1) // 2
        here = _here(lengths, x.shape[2]).transpose(1, 2)
        x = x.transpose(1, 2)
        turns = _turns(x)
        for block in self.blocks:
            x = block(x, here, turns)
        codes: Tensor = self.quantizer(x)
        return codes


def _here(lengths: Tensor, longest: int) -> Tensor:
    """Return `[B, 1, T]`: 1 before the end of each, 0 from there on."""
    places = torch.arange(longest, device=lengths.device)
    return (places < lengths[:, None])[:, None].float()


def _turns(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of the angles of each position, `[T, 64]` each."""
    halves = torch.arange(0, HEAD, 2, device=x.device).float()
    places = torch.arange(x.shape[1], device=x.device).float()
    angles = places[:, None] / THETA ** (halves / HEAD)
    both = torch.cat((angles, angles), -1)
    return both.cos(), both.sin()


def ids_of_codes(codes: Tensor) -> Tensor:
    """Map numbers before rounding `[..., 8]` to ids `[...]`, int32."""
    powers = LEVELS ** torch.arange(DIGITS, device=codes.device)
    return ((codes.round().long() + 1) * powers).sum(-1).int()
