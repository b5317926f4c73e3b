"""Audio2Face-3D's regression network, rebuilt from what is published about it, with random weights.

It is here to compare costs, not faces: random weights cost what trained ones cost.

Published, and kept:

* a window of 8320 samples at 16 kHz, half of it ahead of the frame: 260 ms of look-ahead;
* wav2vec 2.0 features and autocorrelation features of the window, then convolutions; transformer
  and CNN; 18.3 to 18.6 million parameters ("Audio2Face-3D", arXiv 2508.16401, and the cards and
  documentation of the models that came with it);
* 10 values of explicit and 16 of implicit emotion go in; 272 coefficients of the skin, 10 of the
  tongue, 15 of the jaw and 4 of the eyes come out;
* the network that it grew from (Karras et al., "Audio-driven facial animation by joint end-to-end
  learning of pose and emotion", 2017): 64 overlapping frames of 32 autocorrelation coefficients,
  five convolutions over them, and five over time which also see the emotion.

Guessed, because the descriptions leave it open:

* how much of wav2vec 2.0 base is used: its seven convolutions, the positional convolution and the
  first of its twelve transformer layers, which together with the rest make 18.3 million;
* that its 25 vectors are stretched to the 64 frames, projected, and joined to the others;
* widths of the layers that the number of parameters leaves free, and the activations.

The autocorrelation is computed as the spectrum of the power spectrum, by multiplication with
constant matrices, which is the cheapest way in onnxruntime.
"""

import math
import tempfile
import warnings
from itertools import pairwise
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

WINDOW = 8_320
LOOKAHEAD = WINDOW // 2
EXPLICIT_EMOTIONS = 10
IMPLICIT_EMOTIONS = 16
OUTPUTS = 272 + 10 + 15 + 4

FRAMES = 64
FRAME = 256
LAGS = 32
WIDTH = 768
FORMANTS = 256
EMOTION = EXPLICIT_EMOTIONS + IMPLICIT_EMOTIONS


class SpeechFeatures(nn.Module):
    """The lower part of wav2vec 2.0 base: 25 vectors of 768 for 8320 samples."""

    def __init__(self) -> None:
        super().__init__()
        kernels, strides = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(512 if number else 1, 512, kernel, stride, bias=False)
            for number, (kernel, stride) in enumerate(zip(kernels, strides, strict=True))
        )
        self.first_norm = nn.GroupNorm(512, 512)
        self.norm = nn.LayerNorm(512)
        self.projection = nn.Linear(512, WIDTH)
        self.positions = nn.Conv1d(WIDTH, WIDTH, 128, padding=64, groups=16)
        self.layer = nn.TransformerEncoderLayer(
            WIDTH, 12, 3072, dropout=0.0, activation="gelu", batch_first=True
        )

    def forward(self, samples: Tensor) -> Tensor:
        """Map `[B, 8320]` to `[B, 25, 768]`."""
        x = samples[:, None]
        for number, convolution in enumerate(self.convolutions):
            x = convolution(x)
            x = nn.functional.gelu(x if number else self.first_norm(x))
        x = self.projection(self.norm(x.transpose(1, 2)))
        where = nn.functional.gelu(self.positions(x.transpose(1, 2))[..., :-1])
        return cast(Tensor, self.layer(x + where.transpose(1, 2)))


class Autocorrelation(nn.Module):
    """32 coefficients of each of 64 frames, by way of the power spectrum."""

    to_cosines: Tensor
    to_sines: Tensor
    to_lags: Tensor

    def __init__(self) -> None:
        super().__init__()
        size = 2 * FRAME
        bins = torch.arange(size // 2 + 1)
        angles = 2 * math.pi * torch.arange(FRAME)[:, None] * bins / size
        window = torch.hann_window(FRAME)[:, None]
        back = 2 * math.pi * bins[:, None] * torch.arange(LAGS) / size
        share = torch.where((bins == 0) | (bins == size // 2), 1.0, 2.0)[:, None] / size
        self.register_buffer("to_cosines", torch.cos(angles) * window)
        self.register_buffer("to_sines", torch.sin(angles) * window)
        self.register_buffer("to_lags", torch.cos(back) * share)

    def forward(self, samples: Tensor) -> Tensor:
        """Map `[B, 8320]` to `[B, 64, 32]`."""
        hops = samples.reshape(-1, FRAMES + 1, FRAME // 2)
        frames = torch.cat((hops[:, :-1], hops[:, 1:]), dim=-1)
        power = (frames @ self.to_cosines) ** 2 + (frames @ self.to_sines) ** 2
        return power @ self.to_lags


class Audio2FaceRegression(nn.Module):
    """The whole network: a window of audio and an emotion to the coefficients of one frame."""

    def __init__(self) -> None:
        super().__init__()
        self.features = SpeechFeatures()
        self.autocorrelation = Autocorrelation()
        widths = (1, 72, 108, 162, 243, FORMANTS)
        kernels, strides = (3, 3, 3, 3, 2), (2, 2, 2, 2, 2)
        self.formants = nn.ModuleList(
            nn.Conv2d(a, b, (1, kernel), (1, stride), padding=(0, int(kernel == 3)))
            for (a, b), kernel, stride in zip(pairwise(widths), kernels, strides, strict=True)
        )
        self.to_formants = nn.Linear(WIDTH, FORMANTS)
        self.articulation = nn.ModuleList(
            nn.Conv1d(
                (2 if not number else 1) * FORMANTS + EMOTION, FORMANTS, kernel, stride,
                padding=int(kernel == 3),
            )
            for number, (kernel, stride) in enumerate(((3, 2), (3, 2), (3, 2), (3, 2), (4, 4)))
        )  # fmt: skip
        self.hidden = nn.Linear(FORMANTS + EMOTION, 150)
        self.out = nn.Linear(150, OUTPUTS)

    def forward(self, samples: Tensor, emotion: Tensor) -> Tensor:
        """Map `[B, 8320]` samples and `[B, 26]` emotion to `[B, 301]` coefficients."""
        speech = self.to_formants(self.features(samples)).transpose(1, 2)
        speech = nn.functional.interpolate(speech, size=FRAMES, mode="linear")
        sound = self.autocorrelation(samples)[:, None]
        for convolution in self.formants:
            sound = torch.relu(convolution(sound))
        x = torch.cat((sound[..., 0], speech), dim=1)
        for convolution in self.articulation:
            mood = emotion[:, :, None].expand(-1, -1, x.shape[-1])
            x = torch.relu(convolution(torch.cat((x, mood), dim=1)))
        hidden = torch.relu(self.hidden(torch.cat((x[..., 0], emotion), dim=1)))
        return cast(Tensor, self.out(hidden))


def parameters(network: nn.Module) -> int:
    """Return how many numbers would be trained."""
    return sum(value.numel() for value in network.parameters())


def export_onnx() -> bytes:
    """Return the network with random weights as ONNX: `samples`, `emotion` to `coefficients`."""
    torch.manual_seed(0)
    network = Audio2FaceRegression().eval()
    inputs = (torch.randn(2, WINDOW) * 0.1, torch.zeros(2, EMOTION))
    names = {"samples": {0: "batch"}, "emotion": {0: "batch"}, "coefficients": {0: "batch"}}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The tracer of the exporter warns of shapes that are constant here.
        warnings.simplefilter("ignore")
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            network, inputs, path, input_names=["samples", "emotion"],
            output_names=["coefficients"], dynamic_axes=names, opset_version=18, dynamo=False,
        )  # fmt: skip
        return path.read_bytes()
