"""A wider encoder that does what a narrower one did, so that nothing learned is lost.

The units that are new hear everything, and nobody listens to them yet (Net2Net, Chen, Goodfellow &
Shlens 2016, with new units instead of copies): the outputs are the same to the last digits, and
the gradient reaches their outgoing weights from the first step.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

_GATES = 3
"""Of a GRU, one below the other in its matrices."""


def widened(narrow: Mapping[str, Tensor], wide: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights of the shapes of `wide` that do what those of `narrow` do.

    Args:
        narrow: weights by name, as learned.
        wide: freshly drawn weights by the same names; only GRUs, and what reads them, are wider.

    Raises:
        ValueError: a weight is narrower than what was learned, or differs in something else.
    """
    return {
        name: learned if learned.shape == wide[name].shape else _grown(name, learned, wide[name])
        for name, learned in narrow.items()
    }


def _grown(name: str, learned: Tensor, fresh: Tensor) -> Tensor:
    gates = _GATES if ".gru." in name else 1
    old = learned.reshape(gates, -1, *learned.shape[1:])
    new = fresh.clone().reshape(gates, -1, *fresh.shape[1:])
    smaller = any(a < b for a, b in zip(new.shape, old.shape, strict=True))
    if smaller or (gates == 1 and old.shape[1] != new.shape[1]):
        raise ValueError(f"{name} of {tuple(learned.shape)} cannot become {tuple(fresh.shape)}")
    rows = old.shape[1]
    if old.ndim == 3:  # A matrix: units that were there hear only what they heard.
        new[:, :rows, old.shape[2] :] = 0
        new[:, :rows, : old.shape[2]] = old
    else:
        new[:, :rows] = old
    grown: Tensor = torch.flatten(new, 0, 1)
    return grown
