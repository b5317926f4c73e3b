"""How far faces are from the truth, where the truth is known.

The three terms and their shares are those of Correa et al. 2026. Unlike in the authors' training,
no term counts a frame past the end of an utterance.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn import functional

from facewire_training.losses.mouth_state import mouth_state_loss


@dataclass(frozen=True, slots=True)
class MotionLoss:
    """How much each part counts, and how errors are measured."""

    velocity: float = 0.3
    """Of squared errors of first differences."""
    smoothness: float = 0.05
    """Of squared second differences of what is said, whatever is true: a prior, not a match."""
    error: Literal["l1", "huber"] = "l1"
    mouth_state: float = 0.0
    """Of squared errors of jaw and mouth, most where these are shut or wide open; not Correa's."""
    mouth_state_mesh: float = 0.0
    """Of those of the lips' vertices, likewise."""

    def __call__(self, said: Tensor, truth: Tensor, trust: Tensor) -> dict[str, Tensor]:
        """Compare consecutive faces `[B, F, 52]`; what has no trust costs nothing.

        Each utterance counts the same, so that the mean over two halves of a batch is the mean over
        all of it.

        Returns:
            `weights`, `velocity`, `smoothness`, and the mouth states that count, unscaled; `total`.
        """
        said = said.float()
        # What stands where there is no trust may be anything.
        truth = truth.where(trust > 0, said.detach())
        measure = functional.l1_loss if self.error == "l1" else functional.huber_loss
        parts = {"weights": known_mean(measure(said, truth, reduction="none"), trust)}
        moving = trust[:, 1:].minimum(trust[:, :-1])
        parts["velocity"] = known_mean((said.diff(dim=1) - truth.diff(dim=1)) ** 2, moving)
        turning = moving[:, 1:].minimum(moving[:, :-1])
        parts["smoothness"] = known_mean(said.diff(n=2, dim=1) ** 2, turning)
        total = parts["weights"] + self.velocity * parts["velocity"]
        for name, share in {
            "mouth_state": self.mouth_state,
            "mouth_state_mesh": self.mouth_state_mesh,
        }.items():
            if share:
                parts[name] = mouth_state_loss(said, truth, trust, mesh=name.endswith("mesh"))
                total = total + share * parts[name]
        return parts | {"total": total + self.smoothness * parts["smoothness"]}


def known_mean(errors: Tensor, trust: Tensor) -> Tensor:
    """Return the mean over utterances of the mean of each one's known errors `[B, F, 52]`."""
    counted = (errors.where(trust > 0, 0.0) * trust).sum((1, 2))
    return (counted / trust.sum((1, 2)).clamp(min=1e-6)).mean()
