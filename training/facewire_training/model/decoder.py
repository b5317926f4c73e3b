"""The decoder of the embedded model: a window of phonetic tokens around a frame, to 52 weights.

The window has fixed places relative to the frame, 20 ms apart, from 250 ms before to 150 ms after.
Places past the look-ahead, or past the end of what a TTS has produced, are marked as unknown; so is
an effort that nobody has measured. The same decoder therefore serves every look-ahead, every frame
rate, and both roads in: an encoder's posteriors, and a TTS's own phones before any audio exists.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from facewire import arkit
from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.styles import STYLES
from facewire_training.model.encoder import HINDSIGHT
from facewire_training.model.frontend import HOP

PLACES_MS: tuple[int, ...] = tuple(range(-250, 151, 20))
"""Where the window looks, in ms relative to the frame."""

PLACES = len(PLACES_MS)


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The size of a decoder."""

    embedding: int = 40
    """Features of each place of the window."""
    width: int = 320
    """Width of the hidden layers."""
    layers: int = 2
    """Number of hidden layers."""


class Decoder(nn.Module):
    """A perceptron over the window: everything it remembers is the window itself."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Linear(len(PHONES) + 3, config.embedding, bias=False)
        widths = [PLACES * config.embedding] + [config.width] * config.layers
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.out = nn.Linear(config.width, arkit.COUNT)
        self.styles = nn.ModuleList(nn.Linear(config.width, arkit.COUNT) for _ in STYLES)
        for weight in self.styles.parameters():
            nn.init.zeros_(weight)

    def raw(
        self,
        tokens: Tensor,
        known: Tensor,
        effort: Tensor,
        effort_known: Tensor,
        style: Tensor | None = None,
    ) -> Tensor:
        """Map a window to weights that may leave [0, 1]: what the losses see.

        `style` is `[..., 2]`, as `styles` says, for what stands before the places in `tokens`. A
        face between two styles is the mean of both, as weights go.
        """
        marks = torch.stack((known, effort * effort_known * known, effort_known * known), dim=-1)
        places = torch.cat((tokens * known[..., None], marks), dim=-1)
        x = self.embed(places).flatten(-2)
        for layer in self.hidden:
            x = nn.functional.silu(layer(x))
        weights: Tensor = self.out(x)
        if style is not None:
            for place, differs in enumerate(self.styles):
                change: Tensor = differs(x)
                weights = torch.addcmul(weights, style[..., place, None], change)
        return weights

    def forward(
        self, tokens: Tensor, known: Tensor, effort: Tensor, effort_known: Tensor
    ) -> Tensor:
        """Map a window of tokens to a face.

        Args:
            tokens: `[B, 21, 40]` class probabilities at `PLACES_MS`.
            known: `[B, 21]`, 1 where the tokens are known.
            effort: `[B, 21]` loudness and pitch against the speaker's usual, in [-1, 1].
            effort_known: `[B, 21]`, 1 where the effort is known.

        Returns:
            `[B, 52]` weights in [0, 1], in the order of `facewire.arkit.NAMES`.
        """
        return self.raw(tokens, known, effort, effort_known).clamp(0.0, 1.0)


def fix_style(decoder: Decoder, shares: Tensor) -> None:
    """Make `[2, 52]` shares of the styles, shape by shape, what the decoder does if given none."""
    with torch.no_grad():
        for share, differs in zip(shares, decoder.styles, strict=True):
            weight, bias = differs.parameters()
            decoder.out.weight.addcmul_(share[:, None], weight)
            decoder.out.bias.addcmul_(share, bias)


def window_ages(lookahead: Tensor) -> tuple[Tensor, Tensor]:
    """Return how many hops ago each place of a window was, and whether it is known.

    Args:
        lookahead: `[N]` samples between a frame and the end of the newest hop. May be fractional.

    Returns:
        Ages `[N, 21]` in hops, 0 for the middle of the newest hop, and the mask `[N, 21]`.
    """
    places = lookahead.new_tensor(PLACES_MS) * (HOP / 10)
    ages = (lookahead[:, None] - places) / HOP - 0.5
    known = (ages > -0.5 - 1e-6).to(lookahead.dtype)
    return ages.clamp(min=0.0), known


def gather_windows(rows: Tensor, steps: Tensor, ages: Tensor) -> Tensor:
    """Read windows out of encoder rows, as a live session would at those steps.

    Args:
        rows: `[B, T, 17, C]` what the encoder said at each step about each age.
        steps: `[B, N]` the newest step of each window.
        ages: `[N, 21]` from `window_ages`.

    Returns:
        `[B, N, 21, C]`, linear between neighbouring ages; silence before the first step is row 0.
    """
    low = ages.floor()
    fraction = (ages - low)[None, :, :, None]
    first = _row(rows, steps, low.long())
    second = _row(rows, steps, low.long() + 1)
    return first * (1 - fraction) + second * fraction


def _row(rows: Tensor, steps: Tensor, age: Tensor) -> Tensor:
    """Read the best description of `age` hops before `steps`: older rows were settled earlier."""
    hindsight = age.clamp(max=HINDSIGHT - 1)
    step = (steps[:, :, None] - (age - hindsight)[None]).clamp(min=0)
    batch = torch.arange(rows.shape[0], device=rows.device)[:, None, None]
    return rows[batch, step, hindsight[None].expand_as(step)]
