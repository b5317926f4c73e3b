"""Decoders that were weighed against ours: windows of phonetic tokens to faces.

Each maps windows `[B, N, 21, 41]` and masks `[B, N, 21]` of N consecutive frames to weights
`[B, N, 52]` before they are clamped, and an extra loss, which is 0 for most.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from facewire import arkit
from facewire_engines.phones.phone_set import PHONES
from facewire_training.model.decoder import PLACES, Decoder, DecoderConfig

Answer = tuple[Tensor, Tensor]
_NOTHING = torch.zeros(())


def places_of(windows: Tensor, known: Tensor) -> Tensor:
    """Return what each place of a window says, `[B, N, 21, 42]`: nothing where it is unknown."""
    return torch.cat((windows * known[..., None], known[..., None]), dim=-1)


class Perceptron(nn.Module):
    """Ours."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.decoder = Decoder(config)

    def forward(self, windows: Tensor, known: Tensor) -> Answer:
        """Decode each frame by itself."""
        faces = self.decoder.raw(windows[..., :-1], known, windows[..., -1], known)
        return faces, _NOTHING


class Convolutions(nn.Module):
    """A temporal convolution network over the places of the window (Bai et al. 2018)."""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.into = nn.Conv1d(len(PHONES) + 2, width, 1)
        self.layers = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=gap, dilation=gap) for gap in (1, 2, 4)
        )
        self.out = nn.Linear(width * PLACES, arkit.COUNT)

    def forward(self, windows: Tensor, known: Tensor) -> Answer:
        """Decode each frame by itself."""
        x = self.into(places_of(windows, known).flatten(0, 1).transpose(1, 2))
        for layer in self.layers:
            x = x + functional.silu(layer(x))
        return self.out(x.flatten(1)).unflatten(0, windows.shape[:2]), _NOTHING


class Attention(nn.Module):
    """A transformer over the places of the window, the frame's own place read out."""

    def __init__(self, width: int = 96, heads: int = 4, layers: int = 2) -> None:
        super().__init__()
        self.into = nn.Linear(len(PHONES) + 2, width)
        self.where = nn.Parameter(torch.randn(PLACES, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Linear(2 * width, arkit.COUNT)

    def forward(self, windows: Tensor, known: Tensor) -> Answer:
        """Decode each frame by itself."""
        x = self.into(places_of(windows, known).flatten(0, 1)) + self.where
        x = self.layers(x)
        read = torch.cat((x[:, PLACES // 2 + 2], x.mean(dim=1)), dim=-1)
        return self.out(read).unflatten(0, windows.shape[:2]), _NOTHING


class Recurrent(nn.Module):
    """A GRU from frame to frame, which remembers what the window does not hold."""

    def __init__(self, width: int = 192) -> None:
        super().__init__()
        self.into = nn.Linear(PLACES * (len(PHONES) + 2), width)
        self.gru = nn.GRU(width, width, batch_first=True)
        self.out = nn.Linear(width, arkit.COUNT)

    def forward(self, windows: Tensor, known: Tensor) -> Answer:
        """Decode the frames in their order."""
        x, _ = self.gru(functional.silu(self.into(places_of(windows, known).flatten(2))))
        return self.out(x), _NOTHING


class Codes(nn.Module):
    """Ours with discrete codes in the middle: each of 8 groups picks one of 64 vectors.

    Codes are looked up and trained as in VQ-VAE (van den Oord et al. 2017), the motion prior of
    CodeTalker (Xing et al. 2023) at the level of a frame.
    """

    def __init__(self, width: int = 320, groups: int = 8, codes: int = 64) -> None:
        super().__init__()
        self.into = nn.Linear(PLACES * (len(PHONES) + 2), width)
        self.codes = nn.Parameter(torch.randn(groups, codes, width // groups) * 0.3)
        self.after = nn.Linear(width, width)
        self.out = nn.Linear(width, arkit.COUNT)

    def forward(self, windows: Tensor, known: Tensor) -> Answer:
        """Decode each frame by itself; the extra loss draws codes and features together."""
        x = functional.silu(self.into(places_of(windows, known).flatten(2)))
        parts = x.reshape(*x.shape[:-1], len(self.codes), -1)
        away = (parts[..., None, :] - self.codes).square().sum(-1)
        near = functional.one_hot(away.argmin(-1), self.codes.shape[1]).to(x.dtype)
        chosen = torch.einsum("bngc,gcd->bngd", near, self.codes)
        commit = functional.mse_loss(parts, chosen.detach())
        extra = functional.mse_loss(chosen, parts.detach()) + 0.25 * commit
        straight = parts + (chosen - parts).detach()
        return self.out(functional.silu(self.after(straight.flatten(2)))), extra


DECODERS: dict[str, Callable[[], nn.Module]] = {
    "mlp": lambda: Perceptron(DecoderConfig()),
    "mlp, small": lambda: Perceptron(DecoderConfig(embedding=16, width=128, layers=1)),
    "tcn": Convolutions,
    "transformer": Attention,
    "gru": Recurrent,
    "codes": Codes,
}
