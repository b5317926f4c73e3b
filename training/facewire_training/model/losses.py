"""What a face should get right, weights, velocity and the gap between the lips; and an encoder."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire import arkit
from facewire.face.lips import linear_gap
from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.shards import UNKNOWN
from facewire_training.losses.mouth_state import mouth_state_loss
from facewire_training.model.encoder import HINDSIGHT, hindsight_targets

LABIALS = frozenset(("p", "b", "m", "f", "v"))
"""Phones in which the lips touch each other or the teeth: what is missed most when it is missed."""

_JAW = arkit.INDEX["jawOpen"]
_SEEN = ("tongueOut", "mouthRollLower")
"""Shapes by which th, f and v are known, which are small and rare among all others."""
_OPEN = 0.14
"""The gap below which lips of an open mouth look as good as shut: a little above `SHUT`."""


@dataclass(frozen=True, slots=True)
class LossConfig:
    """How much each part counts."""

    velocity: float = 1.0
    gap: float = 1.5
    closure: float = 4.0
    """How much more the gap counts where the lips should be shut."""
    upper: float = 0.3
    """How much eyes and brows count against the mouth."""
    contact: float = 4.0
    """How much the gap counts where lips must meet in every style."""
    seen: float = 0.0
    """How much more the tongue of th and the lower lip of f and v count where there is too little
    of them."""
    meeting: float = 0.0
    """How much it counts that lips meet at least once, a frame early or late."""
    apart: float = 0.0
    """How much it counts that lips are not shut where the mouth should be open."""
    mouth_state: float = 0.0
    """How much squared errors of jaw and mouth count, most where these are shut or wide open."""
    mouth_state_mesh: float = 0.0
    """How much those of the lips' vertices do."""


class FaceLoss(nn.Module):
    """L1 on weights, on first differences, and on the lip gap of the ICT mesh."""

    scale: Tensor
    gap: Tensor
    lacking: Tensor

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        self.config = config
        lower = [name.startswith(("jaw", "mouth", "tongue", "cheekPuff")) for name in arkit.NAMES]
        scale = torch.where(torch.tensor(lower), 1.0, config.upper)
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("gap", torch.from_numpy(linear_gap()), persistent=False)
        seen = torch.tensor([name in _SEEN for name in arkit.NAMES])
        self.register_buffer("lacking", torch.where(seen, config.seen, 0.0), persistent=False)

    def forward(
        self, raw: Tensor, truth: Tensor, trust: Tensor | None = None, contact: Tensor | None = None
    ) -> Tensor:
        """Compare `[B, N, 52]` consecutive faces; returns a scalar.

        Args:
            raw: the faces, before they are clamped.
            truth: what they should be.
            trust: `[B, N, 52]`, how much each weight counts, 1 if not given. What counts nothing
                costs nothing and gets no gradient, whatever stands in `truth`.
            contact: `[B, N]`, 1 where the lips must meet whoever speaks.
        """
        config = self.config
        scale = moving = self.scale
        told = raw
        if trust is not None:
            # The gap is a sum over shapes: without this, its error would move the unknown ones.
            told = torch.where(trust > 0, raw, raw.detach())
            truth = torch.where(trust > 0, truth, raw.detach().clamp(0.0, 1.0))
            scale = self.scale * trust
            moving = torch.minimum(scale[:, 1:], scale[:, :-1])
        lacks = functional.relu(truth - told) * self.lacking
        error = (((told - truth).abs() + lacks) * scale).sum(-1).mean()
        moved = ((told.diff(dim=1) - truth.diff(dim=1)).abs() * moving).sum(-1).mean()
        off = self._lips(self._gap(told), self._gap(truth))
        lips = (off if trust is None else off * trust[..., _JAW]).mean()
        total = error + config.velocity * moved + lips
        if config.mouth_state:
            total = total + config.mouth_state * mouth_state_loss(told, truth, trust, mesh=False)
        if config.mouth_state_mesh:
            off = mouth_state_loss(told, truth, trust, mesh=True)
            total = total + config.mouth_state_mesh * off
        if contact is None:
            return total
        return total + config.contact * (contact * self._gap(raw)).mean()

    def _lips(self, gap: Tensor, true_gap: Tensor) -> Tensor:
        """Return how wrong each lip gap is, `[B, N]`: as a gap, as shut and as open."""
        config = self.config
        shut = functional.relu(0.1 - true_gap) / 0.1
        opened = ((true_gap - 0.1) / 0.1).clamp(0.0, 1.0)
        off = config.gap * (1.0 + config.closure * shut) * (gap - true_gap).abs()
        # That lips meet is seen; when they do, not to the frame.
        nearest = -functional.max_pool1d(-gap, 3, stride=1, padding=1)
        off = off + config.meeting * nearest * shut
        return off + config.apart * functional.relu(_OPEN - gap) * opened

    def _gap(self, weights: Tensor) -> Tensor:
        """Return the lip gap of faces `[..., 52]`, as those who see them see it."""
        return (weights.clamp(0.0, 1.0) @ self.gap).clamp(min=0.0)


class PhoneLoss(nn.Module):
    """Cross entropy with the labels, and with a teacher's probabilities, at every hindsight.

    With soft labels it is the distillation of Hinton, Vinyals & Dean (2015) at temperature 1: its
    gradient is that of the Kullback-Leibler divergence.
    """

    worth: Tensor

    def __init__(self, labials: float, taught: float) -> None:
        """Make the loss.

        Args:
            labials: how much more a phone that closes the lips counts than another.
            taught: share of the teacher where both he and a label are known, 0 to 1.
        """
        super().__init__()
        self.taught = taught
        seen = torch.tensor([name in LABIALS for name in PHONES])
        self.register_buffer("worth", torch.where(seen, labials, 1.0), persistent=False)

    def forward(self, scores: Tensor, labels: Tensor, soft: Tensor | None = None) -> Tensor:
        """Compare scores with what was said; returns a scalar.

        Args:
            scores: `[B, T, 17, 40]` before the softmax.
            labels: `[B, T]` classes, or `UNKNOWN`.
            soft: `[B, T, 40]` a teacher's probabilities, all zeros where he does not know.
        """
        settled = slice(HINDSIGHT, None)
        logs = functional.log_softmax(scores[:, settled], dim=-1)
        wanted = hindsight_targets(labels, fill=UNKNOWN)[:, settled]
        known = (wanted != UNKNOWN).to(logs.dtype)
        said = torch.where(wanted == UNKNOWN, 0, wanted)
        weight = self.worth[said] * known
        error = -logs.gather(-1, said[..., None])[..., 0] * weight
        if soft is not None:
            taught = _spread(soft)[:, settled] * self.worth
            worth = taught.sum(-1)
            heard = (worth > 0).to(logs.dtype)
            share = torch.where(known > 0, self.taught, 1.0) * heard
            error = (1 - share) * error - share * (taught * logs).sum(-1)
            weight = (1 - share) * weight + share * worth
        return error.sum() / weight.sum().clamp(min=1e-6)


def _spread(soft: Tensor) -> Tensor:
    """Spread `[B, T, C]` over the hindsight axis: entry `[b, t, d]` is that of `t - d`."""
    padded = functional.pad(soft, (0, 0, HINDSIGHT - 1, 0))
    return padded.unfold(1, HINDSIGHT, 1).flip(-1).transpose(2, 3)
