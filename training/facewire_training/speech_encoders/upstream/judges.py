"""The authors' own code, made to say the ids of an utterance from the user's own weights.

None of it is needed for anything else. SpeechTokenizer and S3 come from PyPI; WavTokenizer is no
package, so a clone of its repository is named. Neither reads sound files here, which is all that
they want torchaudio for, and the torchaudio that pip brings may not load beside another torch.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire_training.speech_encoders import s3, wavtokenizer
from facewire_training.speech_encoders.networks.checkpoints import part_of, read_tensors
from facewire_training.speech_encoders.networks.seanet import seanet_tensors, size_of
from facewire_training.speech_encoders.upstream.s3_package import load_s3

Judge = Callable[[NDArray[np.float32]], NDArray[np.integer]]
"""Maps an utterance `[T]` at 16 kHz to its ids `[N, codebooks]`."""

INSTALL = "pip install --no-deps speechtokenizer==1.0.1, and pip install einops"
CLONE = "clone https://github.com/jishengpeng/WavTokenizer and name it with --wavtokenizer"


def version_of(package: str) -> str:
    """Return what a package is called, with its version where it is installed."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


@contextmanager
def speechtokenizer_class() -> Iterator[Any]:
    """Yield the class of the package `speechtokenizer`, without its trainer and what that wants.

    Raises:
        ConfigError: it is not installed, or lacks what it needs.
    """
    found = PathFinder.find_spec("speechtokenizer")
    if found is None or found.submodule_search_locations is None:
        raise ConfigError(f"SpeechTokenizer's ids come from its own package; {INSTALL}")
    package = ModuleType("speechtokenizer")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["speechtokenizer"] = package
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it calls torch as torch was
            yield import_module("speechtokenizer.model").SpeechTokenizer
    except ImportError as error:
        raise ConfigError(f"the package speechtokenizer does not load ({error}); {INSTALL}") from (
            error
        )
    finally:
        _forget("speechtokenizer")


@contextmanager
def wavtokenizer_modules(clone: Path | None) -> Iterator[tuple[Any, Any]]:
    """Yield `encoder.modules` and `encoder.quantization` of a clone of WavTokenizer.

    Raises:
        ConfigError: there is no clone, or it lacks what it needs.
    """
    if clone is None or not (clone / "encoder" / "modules").is_dir():
        raise ConfigError(f"{clone or 'no folder'} is no clone of WavTokenizer; {CLONE}")
    kept = sys.modules.get("torchaudio")
    sys.modules["torchaudio"] = ModuleType("torchaudio")
    sys.path.insert(0, str(clone))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it calls torch as torch was
            yield import_module("encoder.modules"), import_module("encoder.quantization")
    except ImportError as error:
        raise ConfigError(
            f"the clone of WavTokenizer does not load ({error}); pip install einops"
        ) from error
    finally:
        sys.path.remove(str(clone))
        _forget("encoder")
        del sys.modules["torchaudio"]
        if kept is not None:
            sys.modules["torchaudio"] = kept


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def judge_speechtokenizer(weights: Path) -> Judge:
    """Return the package's `SpeechTokenizer.encode`.

    Raises:
        ConfigError: it is not installed, or does not read the weights.
    """
    folder = weights.parent if weights.is_file() else weights
    path = weights if weights.is_file() else folder / "SpeechTokenizer.pt"
    with speechtokenizer_class() as published:
        try:
            model = published.load_from_checkpoint(str(folder / "config.json"), str(path)).eval()
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise _unread("speechtokenizer", path, error) from error

    @torch.no_grad()
    def ids(samples: NDArray[np.float32]) -> NDArray[np.integer]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: NDArray[np.integer] = model.encode(torch.from_numpy(samples)[None, None])[
                :, 0
            ].T.numpy()
        return found

    return ids


def judge_wavtokenizer(weights: Path, clone: Path | None) -> Judge:
    """Return the encoder and the quantiser of a clone; both hear what is resampled here.

    Raises:
        ConfigError: there is no clone, or it does not read the weights.
    """
    path = wavtokenizer.checkpoint_in(weights) if weights.is_dir() else weights
    tensors = part_of(read_tensors(path, wavtokenizer.WHAT), "feature_extractor.encodec.")
    size = size_of(seanet_tensors(part_of(tensors, "encoder.")))
    with wavtokenizer_modules(clone) as (modules, quantization):
        try:
            assert size is not None
            encoder = modules.SEANetEncoder(
                dimension=size.dimension,
                n_filters=size.filters,
                ratios=list(reversed(size.strides)),
                norm="weight_norm",
                pad_mode="reflect",
            ).eval()
            encoder.load_state_dict(part_of(tensors, "encoder."))
            quantiser = quantization.ResidualVectorQuantizer(
                dimension=size.dimension, n_q=1, bins=wavtokenizer.VOCABULARY
            ).eval()
            codebook = quantiser.vq.layers[0]._codebook
            codebook.embed.copy_(part_of(tensors, "quantizer.")["vq.layers.0._codebook.embed"])
            codebook.inited.fill_(1)
        except (RuntimeError, KeyError, AssertionError) as error:
            raise _unread("WavTokenizer", path, error) from error

    @torch.no_grad()
    def ids(samples: NDArray[np.float32]) -> NDArray[np.integer]:
        sound = torch.from_numpy(wavtokenizer.resampled(samples[None]))
        rate = wavtokenizer.INNER_RATE // wavtokenizer.HOP
        found: NDArray[np.integer] = quantiser.infer(encoder(sound[None]), rate).codes[0].T.numpy()
        return found

    return ids


def judge_s3(weights: Path) -> Judge:
    """Return the package's `quantize`.

    Raises:
        ConfigError: it is not installed, or does not read the weights.
    """
    tokenizer = load_s3(weights / s3.FILE if weights.is_dir() else weights)
    return lambda samples: tokenizer.ids(samples)[:, None]


def _unread(package: str, path: Path, error: Exception) -> ConfigError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return ConfigError(f"{package} does not read {path} ({reason}); take the published file")
