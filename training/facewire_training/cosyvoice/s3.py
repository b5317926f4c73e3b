"""CosyVoice's speech tokenizer, through the package `s3tokenizer` and its user's own weights."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError

SAMPLES = 640
"""At 16 kHz, in a token."""
MELS = 128


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


def load_s3(weights: Path) -> S3:
    """Load the tokenizer of CosyVoice2 or 3.

    Args:
        weights: `speech_tokenizer_v2.onnx` or `speech_tokenizer_v3.onnx`, under that name.

    Raises:
        ConfigError: the package or the file is missing.
    """
    if not weights.is_file():
        raise ConfigError(
            f"there is no {weights}; it is speech_tokenizer_v2.onnx among the files of "
            "FunAudioLLM/CosyVoice2-0.5B, which you have to download yourself"
        )
    try:
        s3tokenizer = import_module("s3tokenizer")
    except ImportError as error:
        raise ConfigError(
            f"s3tokenizer cannot be imported ({error}); install it: pip install s3tokenizer"
        ) from error
    versions = [version for version in ("v2", "v3") if version in weights.name]
    if len(versions) != 1:
        raise ConfigError(f"{weights.name} has to keep its name, such as speech_tokenizer_v2.onnx")
    # By its folder and its own name, since the package looks for the version in the whole path.
    model = getattr(s3tokenizer, f"S3Tokenizer{versions[0].upper()}")(weights.stem)
    model.init_from_onnx(str(weights))
    return S3(s3tokenizer, model.eval(), versions[0] == "v3")
