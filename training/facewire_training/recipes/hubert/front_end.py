"""HuBERT's convolutions as a stream: each hop of 320 samples gives one feature, nothing twice.

A feature sees 400 samples. The last 80 before a hop are in the pasts: of each convolution, what its
kernel overlaps with the next step (5 samples, then one step of each of four layers). So feature `k`
sees samples `320 k - 80` to `320 k + 320`, and is there as soon as hop `k` is. Before the stream
there are zeros.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire_training.recipes.hubert.running_norm import RunningNorm, Statistics
from facewire_training.speech_encoders.networks.hubert_checkpoints import BEFORE, SAMPLE_RATE

STATISTICS = "past_statistics"


class StreamedFrontEnd(nn.Module):
    """The feature extractor of a `transformers.HubertModel`, with explicit pasts.

    Pasts are the running statistics `[B, 3, C]`, the samples `[B, 1, 5]`, and one tensor
    `[B, C, overlap]` for each further convolution that overlaps.
    """

    def __init__(self, model: Any, speech: Tensor, *, normalised: bool, **norm: float) -> None:
        """Take the convolutions of a model.

        Args:
            model: the HuBERT.
            speech: `[T]` from whose statistics a stream starts.
            normalised: whether it was trained on samples of zero mean and unit variance.
            norm: see `RunningNorm`.
        """
        super().__init__()
        self.layers = model.feature_extractor.conv_layers
        convs = [layer.conv for layer in self.layers]
        self.overlaps = [conv.kernel_size[0] - conv.stride[0] for conv in convs]
        self.channels = [conv.in_channels for conv in convs]
        self.by_channel = model.config.feat_extract_norm == "group"
        self.normalised = normalised
        with torch.no_grad():
            if self.by_channel:
                group_norm = self.layers[0].layer_norm
                prior = Statistics.of(convs[0](speech[None, None]))
                # A gain of the samples cancels out in this norm, but for its epsilon.
                epsilon = group_norm.eps * (float(speech.var()) if normalised else 1.0)
                rate = SAMPLE_RATE // convs[0].stride[0]
            else:
                prior, epsilon = Statistics.of(speech[None, None]), 1e-7
                rate = SAMPLE_RATE
        self.norm = RunningNorm(prior, rate, epsilon, **norm)

    @property
    def past_names(self) -> tuple[str, ...]:
        """Names of the pasts, in their order."""
        overlaps = (f"past_conv{n}" for n, overlap in enumerate(self.overlaps) if overlap)
        return (STATISTICS, *overlaps)

    def past(self, batch: int) -> tuple[Tensor, ...]:
        """Return what a stream remembers before its first sample: zeros."""
        pairs = zip(self.channels, self.overlaps, strict=True)
        joins = (torch.zeros(batch, channels, overlap) for channels, overlap in pairs if overlap)
        return (self.norm.past(batch), *joins)

    def forward(self, samples: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        """Map `[B, T * 320]` samples to features `[B, T, C]`, and return the next pasts."""
        statistics, *joins = past
        x = samples[:, None]
        if not self.by_channel and self.normalised:
            x, statistics = self.norm(x, statistics)
        following: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            if overlap := self.overlaps[number]:
                x = torch.cat((joins[len(following)], x), dim=-1)
                following.append(x[..., x.shape[-1] - overlap :])
            x = layer.conv(x)
            if number == 0 and self.by_channel:
                x, statistics = self.norm(x, statistics)
                x = x * layer.layer_norm.weight[:, None] + layer.layer_norm.bias[:, None]
            elif not self.by_channel:
                x = layer.layer_norm(x.transpose(1, 2)).transpose(1, 2)
            x = layer.activation(x)
        return x.transpose(1, 2), statistics, *following


def offline_features(model: Any, samples: Tensor, *, normalised: bool) -> Tensor:
    """Return the features `[1, T, C]` that a whole recording `[T * 320]` has.

    They are those of `transformers`, with 80 zeros before the recording, so that they stand where
    the stream's do.
    """
    if normalised:
        samples = (samples - samples.mean()) / (samples.var(unbiased=False) + 1e-7).sqrt()
    features: Tensor = model.feature_extractor(functional.pad(samples, (BEFORE, 0))[None])
    return features.transpose(1, 2)
