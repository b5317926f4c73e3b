"""What all small encoders have in common: log-mels, convolutions and GRUs, causal but for 40 ms.

A row is read two steps after its own period has ended. Everything that is remembered goes in and
comes out, so a stream runs the same network.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facewire_training.model.frontend import HOP, PAST_SAMPLES, LogMel

STEP = 2 * HOP
"""Samples of a step: 20 ms."""
RIGHT = 2
"""Steps that are heard after a row's own period."""
BANDS = 80


@dataclass(frozen=True, slots=True)
class BodyConfig:
    """The size of a body."""

    channels: int = 192
    width: int = 256
    layers: int = 2


class Body(nn.Module):
    """Samples to hidden rows, 50 a second."""

    def __init__(self, config: BodyConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel(BANDS)
        self.conv = nn.Conv1d(BANDS, config.channels, 5)
        self.halve = nn.Conv1d(config.channels, config.width, 2, stride=2)
        self.gru = nn.GRU(config.width, config.width, config.layers, batch_first=True)

    def past(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a stream remembers before its first sample."""
        device = self.conv.weight.device
        return (
            torch.zeros(batch, PAST_SAMPLES, device=device),
            torch.zeros(batch, 4, BANDS, device=device),
            torch.zeros(self.config.layers, batch, self.config.width, device=device),
        )

    def forward(
        self,
        samples: Tensor,
        past_samples: Tensor,
        past_mel: Tensor,
        past_hidden: Tensor,
        *,
        one_by_one: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Map `[B, N * 320]` samples to hidden rows `[B, N, width]`.

        With `one_by_one` the recurrent layers take a step after the other, which changes nothing
        but the graph: compilers of plans know single steps.

        Returns:
            The rows, the log-mels `[B, 2 N, 80]`, and the pasts of the next samples.
        """
        mel, past_samples = self.mel(samples, past_samples)
        joined = torch.cat((past_mel, mel), dim=1)
        x = torch.relu(self.conv(joined.transpose(1, 2)))
        x = torch.relu(self.halve(x)).transpose(1, 2)
        steps = torch.split(x, 1, dim=1) if one_by_one else (x,)
        heard: list[Tensor] = []
        for step in steps:
            row, past_hidden = self.gru(step, past_hidden)
            heard.append(row)
        rows = torch.cat(heard, dim=1)
        return rows, mel, past_samples, joined[:, joined.shape[1] - 4 :], past_hidden
