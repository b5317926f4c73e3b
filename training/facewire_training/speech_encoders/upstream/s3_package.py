"""CosyVoice's speech tokenizer, through the package `s3tokenizer` and its user's own weights."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional

SAMPLES = 640
"""At 16 kHz, in a token."""
MELS = 128

INSTALL = "pip install --no-deps s3tokenizer==0.3.0 && pip install einops tqdm"
"""Its own list of what it needs brings a torchaudio that may fit another torch."""


@dataclass(frozen=True, slots=True, eq=False)
class S3:
    """A loaded tokenizer."""

    package: Any
    model: Any
    third: bool
    """Whether it is CosyVoice3's."""

    def ids(self, samples: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return the ids of mono speech at 16 kHz, one for each whole 40 ms.

        It hears the whole utterance at once, as it did when CosyVoice was trained; what it says of
        a token depends on sound long after it, so there is no stream of it.
        """
        import torch

        count = len(samples) // SAMPLES
        mel = self.package.log_mel_spectrogram(torch.from_numpy(samples.copy()), n_mels=MELS)
        mels, lengths = self.package.padding([mel])
        codes, sizes = self.model.quantize(mels, lengths)
        found = codes[0, : int(sizes[0])].numpy().astype(np.int32)
        # The last token may be one more or less than the whole ones, by how a convolution ends.
        return np.pad(found, (0, max(0, count - len(found))), mode="edge")[:count]


def _import_s3tokenizer() -> ModuleType:
    """Import the package, with nothing in the place of torchaudio.

    It reads sound files with torchaudio, which nobody asks of it here, and the torchaudio that pip
    installs beside a torch without CUDA does not load.

    Raises:
        ConfigError: it is missing, or does not load here.
    """
    with _empty_module("torchaudio"):
        return import_optional(
            "s3tokenizer", "CosyVoice's tokenizer comes from s3tokenizer", command=INSTALL
        )


@contextmanager
def _empty_module(name: str) -> Iterator[None]:
    """Let imports of a module that is not loaded find an empty one."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        del sys.modules[name]


def load_s3(weights: Path) -> S3:
    """Load the tokenizer of CosyVoice2 or 3.

    Args:
        weights: `speech_tokenizer_v2.onnx` or `speech_tokenizer_v3.onnx`, under that name.

    Raises:
        ConfigError: the package or the file is missing, or the package does not load here.
    """
    if not weights.is_file():
        raise ConfigError(
            f"there is no {weights}; it is speech_tokenizer_v2.onnx among the files of "
            "FunAudioLLM/CosyVoice2-0.5B, which you have to download yourself"
        )
    s3tokenizer = _import_s3tokenizer()
    versions = [version for version in ("v2", "v3") if version in weights.name]
    if len(versions) != 1:
        raise ConfigError(f"{weights.name} has to keep its name, such as speech_tokenizer_v2.onnx")
    # By its folder and its own name, since the package looks for the version in the whole path.
    try:
        model = getattr(s3tokenizer, f"S3Tokenizer{versions[0].upper()}")(weights.stem)
        model.init_from_onnx(str(weights))
    except Exception as error:  # of onnx and of torch, each with classes of its own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ConfigError(
            f"{weights} cannot be read as CosyVoice's tokenizer ({reason}); download it again"
        ) from error
    return S3(s3tokenizer, model.eval(), versions[0] == "v3")
