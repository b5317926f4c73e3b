"""The teacher: Whisper's frozen encoder and what reads phones out of it.

Whisper's rows are 20 ms apart; each becomes two tokens, and convolutions look at their neighbours,
which is where boundaries become sharp. The last layer but one and log-mels add a little
(training/LOG.md).
"""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from facewire.errors import ConfigError
from facewire.frames import Samples
from facewire_engines.phones.phone_set import PHONES
from facewire_training.data.corpora.corpus import SAMPLE_RATE, TOKEN_SIZE
from facewire_training.data.teacher.whisper import BANDS, STRIDE, WhisperEncoder, load_encoder

Floats = NDArray[np.float32]

LAYERS = (-2, -1)
"""The layers of the encoder that are read."""
PIECE, CONTEXT = 20 * SAMPLE_RATE, SAMPLE_RATE
"""Longer audio is heard in such pieces, with so much on both sides of each."""


@dataclass(frozen=True, slots=True)
class ProbeSize:
    """What tells one probe from another."""

    width: int = 384
    """Of the encoder's rows."""
    hidden: int = 256
    kernel: int = 5
    blocks: int = 2
    dropout: float = 0.2


class Probe(nn.Module):
    """Two layers of the encoder and log-mels, then convolutions over 10 ms tokens."""

    def __init__(self, size: ProbeSize) -> None:
        super().__init__()
        self.size = size
        self.rows = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(size.width), nn.Linear(size.width, 2 * size.hidden))
            for _ in LAYERS
        )
        self.bands = _along(BANDS, size)
        self.blocks = nn.ModuleList(_along(size.hidden, size) for _ in range(size.blocks))
        self.norms = nn.ModuleList(nn.LayerNorm(size.hidden) for _ in range(size.blocks))
        self.dropout = nn.Dropout(size.dropout)
        self.out = nn.Linear(size.hidden, len(PHONES))

    def forward(self, rows: Tensor, bands: Tensor) -> Tensor:
        """Map `[B, T, layers, width]` rows and `[B, 2 T, 80]` log-mels to `[B, 2 T, 40]` scores."""
        read = [
            part(self.dropout(rows[:, :, place])) for place, part in enumerate(self.rows)
        ]  # each [B, T, 2 * hidden]: one row becomes two tokens
        x = torch.stack(read).sum(dim=0).reshape(*bands.shape[:2], self.size.hidden)
        x = functional.gelu(x + _convolved(self.bands, bands))
        for norm, block in zip(self.norms, self.blocks, strict=True):
            x = x + self.dropout(functional.gelu(_convolved(block, norm(x))))
        scores: Tensor = self.out(x)
        return scores


def _along(channels: int, size: ProbeSize) -> nn.Conv1d:
    return nn.Conv1d(channels, size.hidden, size.kernel, padding=size.kernel // 2)


def _convolved(convolution: nn.Module, x: Tensor) -> Tensor:
    result: Tensor = convolution(x.transpose(1, 2)).transpose(1, 2)
    return result


def read_features(encoder: WhisperEncoder, samples: Samples) -> tuple[Tensor, Tensor]:
    """Return what the probe reads of an utterance of up to 30 s, for every whole two tokens begun.

    Returns:
        Rows `[T, layers, width]`, each centred between its two tokens, and log-mels `[2 T, 80]`,
        each centred on its token.
    """
    count = -(-len(samples) // STRIDE) * STRIDE
    later = torch.zeros(2, count)
    for place, start in enumerate((TOKEN_SIZE, TOKEN_SIZE // 2)):
        rest = torch.from_numpy(np.ascontiguousarray(samples[start:], np.float32))
        later[place, : len(rest)] = rest
    # Where the processor has no instructions for it, bfloat16 costs more than it saves.
    quick = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    with torch.inference_mode():
        with torch.autocast("cpu", torch.bfloat16, enabled=quick):
            hidden = encoder.hidden(later[:1])
        rows = torch.stack([hidden[layer][0].float() for layer in LAYERS], dim=1)
        return rows, encoder.features(later[1:])[0].T


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """Hears recorded speech, clean and whole."""

    encoder: WhisperEncoder
    probe: Probe
    fingerprint: str
    """sha256 of the probe: what was labelled by another one is not this one's."""

    def hear(self, samples: Samples) -> Floats:
        """Return the probability of each class at each whole token of audio, [T, 40]."""
        tokens = len(samples) // TOKEN_SIZE
        pieces = [
            self._piece(samples, start) for start in range(0, tokens * TOKEN_SIZE, PIECE)
        ] or [np.zeros((0, len(PHONES)), np.float32)]
        return np.concatenate(pieces)[:tokens]

    def _piece(self, samples: Samples, start: int) -> Floats:
        first = max(start - CONTEXT, 0)
        rows, bands = read_features(self.encoder, samples[first : start + PIECE + CONTEXT])
        with torch.inference_mode():
            scores = self.probe(rows[None], bands[None])[0].softmax(-1)
        skipped = (start - first) // TOKEN_SIZE
        found: Floats = scores.numpy()[skipped : skipped + PIECE // TOKEN_SIZE]
        return found


def save_probe(path: Path, probe: Probe) -> None:
    """Write a probe to a file."""
    torch.save({"size": asdict(probe.size), "weights": probe.state_dict()}, path)


def load_teacher(run: Path, model: Path) -> Teacher:
    """Return the teacher that `fit` left in a folder.

    Args:
        run: the folder.
        model: Whisper's weights, a CTranslate2 model.

    Raises:
        ConfigError: there is none, or the weights cannot be read.
    """
    path = run / "probe.pt"
    try:
        state = torch.load(path, weights_only=True)
        probe = Probe(ProbeSize(**state["size"]))
        probe.load_state_dict(state["weights"])
    except (OSError, KeyError, TypeError, RuntimeError) as error:
        raise ConfigError(
            f"{run} holds no teacher ({error}); run python -m facewire_training.data.teacher.fit"
        ) from error
    fingerprint = hashlib.sha256(path.read_bytes()).hexdigest()
    return Teacher(load_encoder(model), probe.eval(), fingerprint)
