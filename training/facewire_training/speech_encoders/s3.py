"""CosyVoice2's speech tokenizer, S3: one of 6561 ids, 25 rows a second.

An id is eight digits of three levels; as features there are the eight numbers between -1 and 1 that
were rounded. On the processor the published graph runs in onnxruntime, on a GPU the same weights in
torch: their ids agree. Speech of more than 30 s is heard in windows of 30 s that share 4 s, as by
the package s3tokenizer, and each window decides up to the middle of what it shares.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from facewire.errors import ConfigError
from facewire_engines.cosyvoice.tokens import DIGITS, VOCABULARY
from facewire_training.data.teacher.whisper import LogMel
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.networks.s3 import (
    BELOW_ONE,
    FRAMES_A_ROW,
    MELS,
    S3Network,
    S3Size,
    ids_of_codes,
)
from facewire_training.speech_encoders.networks.s3_onnx import S3Graph, load_graph, read_network
from facewire_training.speech_encoders.utterances import (
    AT_ONCE,
    check_utterances,
    empty_rows,
    exact_run,
    torch_device,
)

NAME = "cosyvoice2"
FILE = "speech_tokenizer_v2.onnx"
SAMPLE_RATE = 16_000
HOP = 640
WINDOW, SHARED = 3000, 400
"""Log-mels of a window, and how many of them the next one has, too."""

Library = Literal["onnxruntime", "torch"]
Run = Callable[[Tensor, Tensor], Tensor]
"""Maps log-mels `[B, 128, T]` and their lengths `[B]` to rows `[B, N, W]`, N = T / 4 rounded up."""


class S3Tokenizer:
    """The tokenizer, over whole utterances."""

    sample_rate = SAMPLE_RATE

    def __init__(self, run: Run, *, features: bool = False, device: str = "cpu") -> None:
        """Take what runs the network.

        Args:
            run: gives ids `[B, N, 1]`, or with `features` the numbers `[B, N, 8]`.
            features: which of them.
            device: where log-mels are made and handed over.

        Raises:
            ConfigError: there is no such device.
        """
        self._device = torch_device(device)
        self._log_mels = LogMel(MELS).to(self._device)
        self._run = run
        rate = Fraction(SAMPLE_RATE, HOP)
        # Two convolutions of stride two centre row k on log-mel 4 k, and that on sample 640 k.
        middle = Fraction(0)
        self.representation = (
            Representation(f"{NAME}-features", "labels", rate, width=DIGITS, middle=middle)
            if features
            else Representation(
                NAME, "labels", rate, codebooks=1, vocabulary=VOCABULARY, middle=middle
            )
        )

    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        """Encode whole utterances; see `SpeechEncoder`.

        Raises:
            ConfigError: an utterance is no sound, or the GPU's memory is too small.
        """
        check_utterances(speech)
        counts = [self.representation.rows(len(samples), SAMPLE_RATE) for samples in speech]
        windows = [
            Window(number, mels[:, start:end], _decided(start, end, mels.shape[1]))
            for number, (samples, count) in enumerate(zip(speech, counts, strict=True))
            if count
            for mels in [self._mels(samples)]
            for start, end in windows_of(mels.shape[1])
        ]
        pieces = [[empty_rows(self.representation)] for _ in speech]
        for first in range(0, len(windows), AT_ONCE):
            chosen = windows[first : first + AT_ONCE]
            for window, rows in zip(chosen, self._encode(chosen), strict=True):
                pieces[window.utterance].append(rows[window.rows])
        return [np.concatenate(p)[:count] for p, count in zip(pieces, counts, strict=True)]

    def _mels(self, samples: NDArray[np.float32]) -> Tensor:
        sound = torch.from_numpy(samples).float().to(self._device)
        mels: Tensor = self._log_mels(sound[None])[0]
        return mels

    def _encode(self, windows: Sequence["Window"]) -> NDArray[np.generic]:
        mels = pad_sequence([window.mels.T for window in windows], batch_first=True)
        lengths = torch.tensor([window.mels.shape[1] for window in windows], device=self._device)
        with exact_run(mels.shape):
            return self._run(mels.transpose(1, 2), lengths).cpu().numpy()


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of an utterance that the network hears at once."""

    utterance: int
    mels: Tensor
    """`[128, T]`."""
    rows: slice
    """Those that it decides."""


def windows_of(frames: int) -> list[tuple[int, int]]:
    """Return where the windows over so many log-mels begin and end: none begins in the last one."""
    step = WINDOW - SHARED
    count = max(0, ceil((frames - WINDOW) / step)) + 1
    return [(step * k, min(step * k + WINDOW, frames)) for k in range(count)]


def _decided(start: int, end: int, frames: int) -> slice:
    """Return the rows of a window that are nearer to its middle than to its neighbours'."""
    half = SHARED // 2 // FRAMES_A_ROW
    rows = ceil((end - start) / FRAMES_A_ROW)
    return slice(half if start else 0, rows - half if end < frames else rows)


def open_s3(
    weights: Path,
    device: str = "cpu",
    *,
    features: bool = False,
    library: Library | None = None,
) -> S3Tokenizer:
    """Load the published tokenizer of CosyVoice2.

    Args:
        weights: `speech_tokenizer_v2.onnx`, or a folder that holds it.
        device: where it runs.
        features: give the eight numbers before rounding, not ids.
        library: what runs it; by default onnxruntime on the processor, torch on a GPU.

    Raises:
        ConfigError: the file is missing, damaged, of another revision or another network's; or
            onnxruntime is wanted on a GPU.
    """
    torch_device(device)
    library = library or ("onnxruntime" if device == "cpu" else "torch")
    path = weights / FILE if weights.is_dir() else weights
    graph = load_graph(path)
    if library == "torch":
        network = read_network(graph, path).to(device)
        return S3Tokenizer(_run_of(network, features), features=features, device=device)
    if device != "cpu":
        raise ConfigError(
            "onnxruntime runs S3 on the processor only; leave --device, or take torch"
        )
    loaded = S3Graph(graph, path)

    def run(mels: Tensor, lengths: Tensor) -> Tensor:
        return loaded(mels, lengths) if features else loaded.ids(mels, lengths)[..., None]

    return S3Tokenizer(run, features=features)


def _run_of(network: S3Network, features: bool) -> Run:
    def run(mels: Tensor, lengths: Tensor) -> Tensor:
        codes: Tensor = network(mels, lengths)
        return codes if features else ids_of_codes(codes)[..., None]

    return run


@torch.no_grad()
def random_s3(
    speech: NDArray[np.float32],
    size: S3Size = S3Size(),  # noqa: B008 (frozen)
    seed: int = 0,
) -> S3Network:
    """Return a network of random weights whose eight numbers are spread over all three levels.

    Args:
        speech: `[T]` at 16 kHz, over which each of them has mean 0 and deviation 1 before its tanh.
        size: of the network.
        seed: of the weights.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = S3Network(size).eval()
        for name, tensor in network.named_parameters():
            if "_ln." in name:  # which would be ones and zeros
                tensor.add_(0.1 * torch.randn_like(tensor))
    mels = LogMel(MELS)(torch.from_numpy(speech)[None])
    lengths = torch.tensor([mels.shape[2]])
    last = network.quantizer.project_in
    spread = (network(mels, lengths)[0] / BELOW_ONE).atanh()
    last.weight.div_(spread.std(0)[:, None])
    last.bias.sub_(spread.mean(0)).div_(spread.std(0))
    return network


def random_s3_tokenizer(
    speech: NDArray[np.float32],
    size: S3Size = S3Size(),  # noqa: B008 (frozen)
    seed: int = 0,
    *,
    features: bool = False,
) -> S3Tokenizer:
    """Return a tokenizer of random weights (`random_s3`)."""
    return S3Tokenizer(_run_of(random_s3(speech, size, seed), features), features=features)
