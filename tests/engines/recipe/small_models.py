"""Small models of the engine `recipe`: encoders that learn nothing, decoders of random weights."""

from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor, nn

from facewire_training.recipes.prior.autoencoder import Autoencoder, AutoencoderConfig
from facewire_training.recipes.prior.decoder import CodeDecoder, DecoderConfig
from facewire_training.recipes.prior.export import read_style, write_prior
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.recipes.tokens_to_faces.decoders.streaming import Streaming, StreamingConfig
from facewire_training.recipes.tokens_to_faces.export import write_model
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.log_mel import LogMelEncoder, StackedLogMel
from facewire_training.speech_encoders.phone_rows import load_phone_rows
from facewire_training.speech_encoders.sliding_window import Window, WindowedEncoder
from facewire_training.speech_encoders.streaming_encoder import StreamingEncoder

SMALL = StreamingConfig(width=32, layers=2, heads=4, memory_ms=500, reach_ms=400, dropout=0.0)


class Bidirectional(nn.Module):
    """Log-mels of a window, each mixed with those on both sides that are known."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = StackedLogMel(2)
        self.mix = nn.Conv1d(80, 80, 7, padding=3)

    def forward(self, samples: Tensor, known: Tensor) -> Tensor:
        rows, _ = self.rows(samples, samples[:, :240] * 0)
        rows = rows * known[..., None]
        both: Tensor = rows + self.mix(rows.transpose(1, 2)).transpose(1, 2)
        return both


def windowed() -> WindowedEncoder:
    """Return an encoder over a window of 600 ms, with a right context up to 80 ms."""
    torch.manual_seed(3)
    return WindowedEncoder(LogMelEncoder(50), Bidirectional().eval(), Window(24, 2, 4))


def decoder_of(representation: Representation, seed: int = 1) -> Streaming:
    """Return a decoder of random weights whose faces move, and stay within the weights' range."""
    torch.manual_seed(seed)
    decoder = Streaming(SMALL, Setting(representation, Fraction(30))).eval()
    with torch.no_grad():
        decoder.query.query.normal_()
        decoder.query.head.weight.mul_(3)
        decoder.query.head.bias.fill_(0.4)
    return decoder.requires_grad_(False)


def encoders() -> dict[str, StreamingEncoder]:
    """Return encoders by what their rows are."""
    return {
        "features": LogMelEncoder(25),
        "ids": LogMelEncoder(25, codebooks=1, vocabulary=200),
        "levels": LogMelEncoder(50, codebooks=3, vocabulary=64, step=2),
        "windowed": windowed(),
    }


def prior() -> CodeDecoder:
    """Return a decoder over codes, of random weights."""
    torch.manual_seed(4)
    codes = Autoencoder(AutoencoderConfig(groups=2, size=8, code=4, width=32))
    with torch.no_grad():
        codes.decoder.out.bias.fill_(0.4)
    decoder = CodeDecoder(DecoderConfig(width=32, memory=16), codes)
    with torch.no_grad():
        decoder.head.weight.mul_(20)
    return decoder.eval().requires_grad_(False)


def write_small_models(folder: Path) -> dict[str, Path]:
    """Write a model for each encoder, and a prior, and return their folders."""
    folders = {}
    for name, encoder in encoders().items():
        folders[name] = folder / name
        write_model(folder / name, decoder_of(encoder.representation), encoder)
    folders["prior"] = folder / "prior"
    write_prior(folder / "prior", prior(), load_phone_rows(), read_style(["grid=1"]))
    return folders
