"""Normalisation over time for streams: by the statistics of what has been heard, not of the whole.

HuBERT-base normalises the first convolution's output, channel by channel, by its mean and variance
over the whole utterance (a group norm with as many groups as channels); larger HuBERTs want samples
that were normalised so. Neither can be done while the utterance lasts.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

PRIOR_SECONDS = 2.0
"""How much audio the statistics at the start of a stream count for."""
MEMORY_SECONDS = 30.0
"""How much audio counts at most; older audio is forgotten bit by bit."""
FLOOR = 0.01
"""Least variance, relative to the prior's: a quiet room's noise is raised by 20 dB at most."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean and variance over time, `[C]` each."""

    mean: Tensor
    variance: Tensor

    @classmethod
    def of(cls, x: Tensor) -> "Statistics":
        """Measure `[B, C, T]` over batch and time."""
        return cls(x.mean((0, 2)), x.var((0, 2), unbiased=False))


class RunningNorm(nn.Module):
    """Normalises each channel by a mean and a variance that follow the stream.

    The past `[B, 3, C]` holds count, mean and variance as differences from the start of a stream,
    so that zeros are the past of a new one.
    """

    start: Tensor

    def __init__(
        self,
        prior: Statistics,
        rate: int,
        epsilon: float,
        *,
        prior_seconds: float = PRIOR_SECONDS,
        memory_seconds: float = MEMORY_SECONDS,
    ) -> None:
        """Take what a stream starts from, and how many steps of the channels are a second."""
        super().__init__()
        self.epsilon = epsilon
        self.floor = FLOOR
        self.memory = memory_seconds * rate
        count = torch.full_like(prior.mean, prior_seconds * rate)
        self.register_buffer("start", torch.stack((count, prior.mean, prior.variance)))

    def past(self, batch: int) -> Tensor:
        """Return the past of a new stream."""
        return torch.zeros(batch, *self.start.shape)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Map `[B, C, T]` to the same, normalised, and return the past of the next chunk.

        The chunk itself counts. Means and variances are combined as Chan et al. (1979) do, which
        does not lose digits where the mean is large.
        """
        length = int(x.shape[-1])
        heard = past + self.start
        count, mean, variance = heard[:, 0], heard[:, 1], heard[:, 2]  # [B, C] each
        count = count.clamp(max=self.memory - length)
        own_mean = x.mean(-1)
        own_variance = (x - own_mean[..., None]).square().mean(-1)
        share = torch.tensor(float(length)) / (count + length)
        difference = own_mean - mean
        mean = mean + share * difference
        variance = variance + share * (
            own_variance - variance + (1 - share) * difference * difference
        )
        least = self.floor * self.start[2]
        deviation = ((variance - least).relu() + least + self.epsilon).sqrt()
        following = torch.stack((count + length, mean, variance), dim=1) - self.start
        return (x - mean[..., None]) / deviation[..., None], following
