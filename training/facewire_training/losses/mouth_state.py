"""The mouth-state loss: errors of a mouth count most where it should be shut or wide open.

After UniTAF (arXiv 2602.15651): squared errors at the mouth are weighed by `0.1 + 3 (n - 0.5)^2`,
where n is how far the true mouth is open, from 0, shut, to 1; so half open counts least. There n
runs over 9.1 mm of the height of the mouth, if its mesh is in metres; here, over as much of the lip
gap. On the mesh the error is that of the lips' vertices; in blendshape space, that of the weights
of jaw and mouth.
"""

import json
from functools import lru_cache
from importlib import resources

import torch
from torch import Tensor

from facewire import arkit
from facewire.face.lips import linear_gap
from facewire_training.shape_sets import MOUTH

FILE = "lip_gram.json"
OPEN = 0.28
"""The lip gap from which on a mouth is open: 9.1 mm of the 32.8 that jawOpen = 1 makes."""
LEAST, STRESS = 0.1, 3.0
"""Weight of a mouth that is half open, and how much more others weigh."""

_JAW = arkit.INDEX["jawOpen"]


def state_weight(truth: Tensor) -> Tensor:
    """Return how much the mouth of true faces `[..., 52]` counts, `[...]`, from 0.1 to 0.85."""
    gap = (truth.clamp(0.0, 1.0) @ _gap().to(truth)).clamp(min=0.0)
    opened = (gap / OPEN).clamp(max=1.0)
    return LEAST + STRESS * (opened - 0.5).square()


def mouth_state_loss(
    said: Tensor, truth: Tensor, trust: Tensor | None = None, *, mesh: bool
) -> Tensor:
    """Compare faces `[B, N, 52]`; returns a scalar, the mean over their frames.

    Args:
        said: the faces, which may leave [0, 1].
        truth: what they should be.
        trust: `[B, N, 52]`, how much each weight counts, 1 if not given. A frame of which the jaw
            is not known costs nothing.
        mesh: whether the error is that of the vertices of the lips, in units of what jawOpen = 1
            does; otherwise it is that of the weights, summed.
    """
    trust = torch.ones_like(truth) if trust is None else trust.to(said.dtype)
    truth = truth.where(trust > 0, said.detach())
    error = (said - truth) * trust
    if mesh:
        off = ((error @ lip_gram().to(error)) * error).sum(-1)
    else:
        off = error[..., MOUTH].square().sum(-1)
    return (off * state_weight(truth) * trust[..., _JAW]).mean()


@lru_cache(maxsize=1)
def lip_gram() -> Tensor:
    """Return what turns an error of weights into a mean squared one of lips, `[52, 52]`."""
    file = resources.files("facewire_training.losses") / FILE
    return torch.tensor(json.loads(file.read_text(encoding="utf-8"))["gram"])


@lru_cache(maxsize=1)
def _gap() -> Tensor:
    return torch.from_numpy(linear_gap())
