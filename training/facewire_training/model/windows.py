"""Windows for training: the frames of a crop as a live session, or a TTS, would see them."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from facewire_engines.phones.phone_set import PHONES
from facewire_training.model.decoder import PLACES_MS, gather_windows, window_ages
from facewire_training.model.encoder import HINDSIGHT
from facewire_training.model.frontend import HOP, SAMPLE_RATE

LOOKAHEADS_MS = (0, 20, 20, 40, 60, 80, 80, 100, 120, 160)
FRAME_RATES = (30, 60)
LEAD_UP_TO_MS = 60
"""Look-ahead from which on a live face is that of its own moment."""


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Decoder inputs of consecutive frames `[B, N, ...]`, and their true faces `[B, N, 52]`."""

    tokens: Tensor
    known: Tensor
    effort: Tensor
    effort_known: Tensor
    truth: Tensor
    trust: Tensor
    """`[B, N, 52]`, how far each of the true weights is known: 0 to 1."""
    contact: Tensor
    """`[B, N]`, 1 where the lips must meet in every style."""
    style: Tensor
    """`[B, 1, 2]`"""
    frame_rate: int
    """Of the frames, one of `FRAME_RATES`."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The true faces of T tokens: what both roads should come to."""

    curves: Tensor
    """`[B, T, 52]`"""
    trust: Tensor
    """`[B, T, 52]`"""
    contact: Tensor
    """`[B, T]`"""
    style: Tensor
    """`[B, 2]`"""

    def of(self, crops: Tensor) -> "Faces":
        """Return those of some of the crops."""
        return Faces(self.curves[crops], self.trust[crops], self.contact[crops], self.style[crops])

    def at(self, times: Tensor) -> dict[str, Tensor]:
        """Return them at sample times `[N]`, by the names that `Windows` has."""
        return {
            "truth": interpolate(self.curves, times),
            "trust": nearest(self.trust, times),
            "contact": nearest(self.contact[..., None], times)[..., 0],
            "style": self.style[:, None],
        }


def draw(options: tuple[int, ...], generator: torch.Generator) -> int:
    """Pick one of the options."""
    return options[int(torch.randint(len(options), (1,), generator=generator))]


def frame_times(hops: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """Return the sample times `[N]` of the frames in a crop, at a random rate and phase.

    The crop's edges are left out, where a window would look outside of it.
    """
    rate = draw(FRAME_RATES, generator)
    spacing = SAMPLE_RATE / rate
    first = 40 * HOP + float(torch.rand(1, generator=generator)) * spacing
    last = (hops - HINDSIGHT - 1) * HOP
    return torch.arange(first, last, spacing, dtype=torch.float64, device=device)


def _rate_of(times: Tensor) -> int:
    """Return the frame rate of times that `frame_times` gave."""
    return round(SAMPLE_RATE / float(times[1] - times[0]))


def chosen(batch: int, share: float, generator: torch.Generator, like: Tensor) -> Tensor:
    """Return 1 for a share of the crops, by chance, and 0 for the others, `[B, 1, 1]`."""
    return (torch.rand(batch, 1, 1, generator=generator) < share).to(like.device, like.dtype)


def interpolate(rows: Tensor, times: Tensor) -> Tensor:
    """Read `[B, T, C]` token rows at sample times `[N]` or `[N, P]`, linearly between centres."""
    place = (times / HOP - 0.5).clamp(0, rows.shape[1] - 1.001)
    low = place.floor().long()
    fraction = (place - low).to(rows.dtype)[..., None]
    return rows[:, low] * (1 - fraction) + rows[:, low + 1] * fraction


def nearest(rows: Tensor, times: Tensor) -> Tensor:
    """Read `[B, T, C]` token rows at sample times `[N]`, without mixing neighbours."""
    return rows[:, (times / HOP).floor().long().clamp(0, rows.shape[1] - 1)]


def lead_of(lookahead_ms: int, lead_ms: float) -> float:
    """Return by how many samples a face is ahead of its moment, given the lead of short ones.

    Who hears the speaker directly sees a face late by its look-ahead, and what is unsure of the
    present follows it late besides. The lead is whole up to 20 ms and gone at `LEAD_UP_TO_MS`.
    """
    share = (LEAD_UP_TO_MS - lookahead_ms) / (LEAD_UP_TO_MS - 20)
    return lead_ms * min(max(share, 0.0), 1.0) * SAMPLE_RATE / 1000


def live_windows(
    scores: Tensor,
    effort: Tensor,
    faces: Faces,
    generator: torch.Generator,
    lead_ms: float = 0.0,
) -> Windows:
    """Make the windows that a microphone's session sees, at one random look-ahead."""
    times = frame_times(scores.shape[1], generator, scores.device)
    lookahead_ms = draw(LOOKAHEADS_MS, generator)
    lookahead = lookahead_ms * SAMPLE_RATE // 1000
    steps = ((times + lookahead) / HOP).floor().long() - 1
    ages, heard_of = window_ages((steps + 1) * HOP - times)
    rows = torch.cat((scores.softmax(-1), effort[..., None]), dim=-1)
    batch = scores.shape[0]
    seen = gather_windows(rows, steps.expand(batch, -1), ages.to(rows.dtype))
    mask = heard_of.to(rows.dtype).expand(batch, -1, -1)
    heard = chosen(batch, 0.9, generator, rows)
    return Windows(
        tokens=seen[..., :-1],
        known=mask,
        effort=seen[..., -1],
        effort_known=heard.expand_as(mask),
        frame_rate=_rate_of(times),
        **faces.at(times + lead_of(lookahead_ms, lead_ms)),
    )


def token_windows(
    labels: Tensor, effort: Tensor, faces: Faces, generator: torch.Generator
) -> Windows:
    """Make the windows that a TTS's phones give: certain tokens, effort often unknown."""
    times = frame_times(labels.shape[1], generator, labels.device)
    places_ms = torch.tensor(PLACES_MS, device=labels.device)
    places = times[:, None] + places_ms * (SAMPLE_RATE // 1000)
    ahead = draw((*range(0, 160, 20), 160, 160, 160), generator)
    batch = labels.shape[0]
    one_hot = functional.one_hot(labels, len(PHONES)).to(effort.dtype)
    mask = (places_ms <= ahead).to(effort.dtype).expand(batch, len(times), -1)
    heard = chosen(batch, 0.4, generator, effort)
    return Windows(
        tokens=interpolate(one_hot, places),
        known=mask,
        effort=interpolate(effort[..., None], places)[..., 0],
        effort_known=heard.expand_as(mask),
        frame_rate=_rate_of(times),
        **faces.at(times),
    )
