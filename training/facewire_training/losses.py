"""What a face should get right: its weights, their velocity, and the gap between the lips."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire import arkit
from facewire_training.lip_geometry import linear_gap

_JAW = arkit.INDEX["jawOpen"]


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


class FaceLoss(nn.Module):
    """L1 on weights, on first differences, and on the lip gap of the ICT mesh."""

    scale: Tensor
    gap: Tensor

    def __init__(self, config: LossConfig) -> None:
        super().__init__()
        self.config = config
        lower = [name.startswith(("jaw", "mouth", "tongue", "cheekPuff")) for name in arkit.NAMES]
        scale = torch.where(torch.tensor(lower), 1.0, config.upper)
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("gap", torch.from_numpy(linear_gap()), persistent=False)

    def forward(
        self, raw: Tensor, truth: Tensor, trust: Tensor | None = None, contact: Tensor | None = None
    ) -> Tensor:
        """Compare `[B, N, 52]` consecutive faces; returns a scalar.

        Args:
            raw: the faces, before they are clamped.
            truth: what they should be.
            trust: `[B, N, 52]`, how much each weight counts, 1 if not given. What counts nothing
                must stand in `truth` as it is in `raw`.
            contact: `[B, N]`, 1 where the lips must meet whoever speaks.
        """
        config = self.config
        clamped = raw.clamp(0.0, 1.0)
        scale = self.scale if trust is None else self.scale * trust
        error = ((raw - truth).abs() * scale).sum(-1).mean()
        moving = scale if trust is None else scale[:, 1:]
        moved = ((raw.diff(dim=1) - truth.diff(dim=1)).abs() * moving).sum(-1).mean()
        gap = (clamped @ self.gap).clamp(min=0.0)
        true_gap = (truth @ self.gap).clamp(min=0.0)
        shut = 1.0 + config.closure * functional.relu(0.1 - true_gap) / 0.1
        if trust is not None:
            shut = shut * trust[..., _JAW]
        apart = (shut * (gap - true_gap).abs()).mean()
        total = error + config.velocity * moved + config.gap * apart
        return total if contact is None else total + config.contact * (contact * gap).mean()
