"""The encoder of the embedded model: audio to phonetic classes, causal, with a choice of hindsight.

At each hop of 10 ms the encoder has heard all audio up to now and describes the last 160 ms: one
row of class scores for "0 ms ago", one for "10 ms ago", and so on. A row with more hindsight is
surer. A stream with a look-ahead of L ms reads the rows up to L ms old, so one network serves
every look-ahead, and the look-ahead can change from frame to frame.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facewire_engines.phones.phone_set import PHONES
from facewire_training.model.frontend import PAST_SAMPLES, LogMel

HINDSIGHT = 17
"""Rows that describe the past: 0, 10, ... 160 ms ago."""

WARPS = (1.0, 0.86, 0.9, 0.95, 1.05, 1.1, 1.16, 1.22)


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The size of an encoder."""

    bands: int = 40
    """Mel bands."""
    channels: int = 192
    """Channels of the convolution."""
    kernel: int = 5
    """Width of the convolution in hops, all of it in the past; 2 or more."""
    width: int = 256
    """Width of the recurrent layers."""
    layers: int = 2
    """Number of recurrent layers."""


class Encoder(nn.Module):
    """Log-mels, a causal convolution, GRUs, and a linear map to `[hindsight, classes + effort]`."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel(config.bands, WARPS)
        self.conv = nn.Conv1d(config.bands, config.channels, config.kernel)
        self.gru = nn.GRU(config.channels, config.width, config.layers, batch_first=True)
        self.head = nn.Linear(config.width, HINDSIGHT * (len(PHONES) + 1))

    def past(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return what a stream remembers before its first sample."""
        config, device = self.config, self.head.weight.device
        return (
            torch.zeros(batch, PAST_SAMPLES, device=device),
            torch.zeros(batch, config.kernel - 1, config.bands, device=device),
            torch.zeros(config.layers, batch, config.width, device=device),
        )

    def forward(
        self,
        samples: Tensor,
        past_samples: Tensor,
        past_mel: Tensor,
        past_hidden: Tensor,
        warp: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Map `[B, T * 160]` samples to what they sound like.

        Returns:
            Class scores before the softmax `[B, T, 17, 40]`, effort `[B, T, 17]` in [-1, 1], and
            the three pasts of the next chunk.
        """
        # Rounded to bfloat16, soft bands drown in the error of the loud ones.
        with torch.autocast(samples.device.type, enabled=False):
            mel, past_samples = self.mel(samples, past_samples, warp)
        mel = torch.cat((past_mel, mel), dim=1)
        features = torch.relu(self.conv(mel.transpose(1, 2))).transpose(1, 2)
        hidden, past_hidden = self.gru(features, past_hidden)
        rows = self.head(hidden)
        # Spelt out like this, onnxruntime sees that two sizes stay, and counts nothing at run time.
        rows = rows.reshape(rows.shape[0], rows.shape[1], HINDSIGHT, len(PHONES) + 1)
        past_mel = mel[:, 1 - self.config.kernel :]
        return rows[..., :-1], torch.tanh(rows[..., -1]), past_samples, past_mel, past_hidden


def hindsight_targets(labels: Tensor, fill: int = 0) -> Tensor:
    """Spread `[B, T]` labels over the hindsight axis: entry `[b, t, d]` is the label at `t - d`."""
    padded = nn.functional.pad(labels, (HINDSIGHT - 1, 0), value=fill)
    return padded.unfold(1, HINDSIGHT, 1).flip(-1)
