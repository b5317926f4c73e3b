"""Denoising diffusion of faces: how noise is mixed in, and three ways to take it out again.

*Ancestral* sampling takes every step there is (Ho et al. 2020), *DDIM* a few of them without new
noise (Song et al. 2021), and a network distilled from DDIM does in one pass what took several
(after Salimans & Ho 2022). All of them ask a network for the clean face.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi

import numpy as np
import torch
from torch import Tensor

Clean = Callable[[Tensor, int], Tensor]
"""Says what clean faces `[B, F, 52]` some noisy ones are, that have been so many steps in noise."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A schedule of T steps: after step `t` a share `kept[t]` of the variance is signal."""

    kept: tuple[float, ...]
    """T + 1, from 1 down; `kept[0]` is before any noise."""

    @property
    def steps(self) -> int:
        """T."""
        return len(self.kept) - 1

    def add(self, faces: Tensor, steps: Tensor, noise: Tensor) -> Tensor:
        """Return faces `[B, F, 52]` after so many steps `[B]`, 0 to T."""
        kept = torch.tensor(self.kept, device=faces.device)[steps][:, None, None]
        return kept.sqrt() * faces + (1 - kept).sqrt() * noise


def cosine_noise(steps: int, offset: float = 0.008, most: float = 0.999) -> Noise:
    """Return the cosine schedule (Nichol & Dhariwal 2021, section 3.2).

    Args:
        steps: T.
        offset: keeps the first steps from being too small.
        most: variance that one step adds at most.
    """

    def share(step: int) -> float:
        return cos((step / steps + offset) / (1 + offset) * pi / 2) ** 2

    added = [min(1 - share(step + 1) / share(step), most) for step in range(steps)]
    return Noise((1.0, *np.cumprod(1 - np.array(added)).tolist()))


def ancestral(
    clean: Clean, noise: Noise, start: Tensor, draw: Callable[[], Tensor], skipped: int = 0
) -> Tensor:
    """Take all noise out, step by step, drawing anew at each with the smaller fixed variance.

    Args:
        clean: asked once a step.
        noise: the schedule.
        start: pure noise.
        draw: more of it.
        skipped: steps that are left out at the noisy end.
    """
    x = start
    for step in range(noise.steps - skipped, 0, -1):
        kept, before = noise.kept[step], noise.kept[step - 1]
        share = kept / before
        mean = (before**0.5 * (1 - share) * clean(x, step) + share**0.5 * (1 - before) * x) / (
            1 - kept
        )
        variance = (1 - share) * (1 - before) / (1 - kept)
        x = mean + variance**0.5 * draw() if step > 1 else mean
    return x


def ddim(clean: Clean, noise: Noise, start: Tensor, steps: tuple[int, ...]) -> Tensor:
    """Take noise out along given steps, from the first to the last, drawing none.

    Args:
        clean: asked once for each but the last.
        noise: the schedule.
        start: faces as they are at the first step.
        steps: falling; the last may be 0.
    """
    x = start
    for step, after in pairwise(steps):
        x = moved(noise, x, clean(x, step), step, after)
    return x


def moved(noise: Noise, x: Tensor, clean: Tensor, step: int, after: int) -> Tensor:
    """Return noisy faces at an earlier step, along the straight way to clean ones."""
    kept, then = noise.kept[step], noise.kept[after]
    share = ((1 - then) / (1 - kept)) ** 0.5
    less_noisy: Tensor = share * x + (then**0.5 - share * kept**0.5) * clean
    return less_noisy


def clean_of_move(noise: Noise, x: Tensor, reached: Tensor, step: int, after: int) -> Tensor:
    """Return the clean faces that one move would have to know to reach what others reached."""
    kept, then = noise.kept[step], noise.kept[after]
    share = ((1 - then) / (1 - kept)) ** 0.5
    clean: Tensor = (reached - share * x) / (then**0.5 - share * kept**0.5)
    return clean


def even_steps(steps: int, passes: int) -> tuple[int, ...]:
    """Return `passes + 1` steps from T down to 0, evenly."""
    return tuple(round(steps * (passes - k) / passes) for k in range(passes + 1))
