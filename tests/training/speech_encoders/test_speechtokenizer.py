"""SpeechTokenizer's ids and vectors are those of the package that its authors publish."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from facewire.errors import ConfigError
from facewire_training.speech_encoders.networks.codebooks import random_codebooks
from facewire_training.speech_encoders.networks.seanet import SeanetSize, random_seanet
from facewire_training.speech_encoders.speechtokenizer import open_speechtokenizer

CONFIG = {
    "n_filters": 4,
    "strides": [8, 5, 4, 2],
    "dimension": 24,
    "semantic_dimension": 16,
    "bidirectional": True,
    "dilation_base": 2,
    "residual_kernel_size": 3,
    "n_residual_layers": 1,
    "lstm_layers": 2,
    "activation": "ELU",
    "codebook_size": 1024,
    "n_q": 8,
    "sample_rate": 16_000,
}
"""Keys as in the published `config.json`."""
SIZE = SeanetSize(4, 24, (2, 4, 5, 8), bidirectional=True)


def published_tensors(speech: NDArray[np.float32]) -> dict[str, Tensor]:
    """Return what of a checkpoint encodes, called as in the published one."""
    encoder = random_seanet(SIZE, 3)
    with torch.no_grad():
        rows = encoder(torch.from_numpy(speech)[None])[0]
    named: dict[str, Tensor] = {"transform.weight": torch.zeros(16, 24)}
    for name, tensor in encoder.state_dict().items():
        if ".lstm." in name:
            named[f"encoder.{name}"] = tensor
            continue
        start, _, kind = name.rpartition(".")
        if kind == "bias":
            named[f"encoder.{start}.conv.conv.bias"] = tensor
            continue
        named[f"encoder.{start}.conv.conv.weight_g"] = tensor.norm(dim=(1, 2), keepdim=True)
        named[f"encoder.{start}.conv.conv.weight_v"] = tensor * 2
    for number, table in enumerate(random_codebooks(8, 1024, rows, 3).tables):
        named[f"quantizer.vq.layers.{number}._codebook.embed"] = table
    return named


@pytest.fixture(scope="module")
def tensors(speech: NDArray[np.float32]) -> dict[str, Tensor]:
    return published_tensors(speech)


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, tensors: dict[str, Tensor]) -> Write:
    """Write a folder as it is published, with other settings or tensors."""

    def write_it(settings: dict[str, Any] | None = None, **others: Tensor) -> Path:
        (tmp_path / "config.json").write_text(json.dumps(CONFIG | (settings or {})))
        torch.save(tensors | others, tmp_path / "SpeechTokenizer.pt")
        return tmp_path

    return write_it


@pytest.mark.filterwarnings("ignore")  # it calls torch as torch was
@pytest.mark.parametrize("samples", [320, 321, 5_000, 16_000, 33_333])
def test_ids_and_vectors_match_upstream(
    write: Write, speech: NDArray[np.float32], upstream_speechtokenizer: Any, samples: int
) -> None:
    folder = write()
    upstream = upstream_speechtokenizer(CONFIG).eval()
    loaded = upstream.load_state_dict(torch.load(folder / "SpeechTokenizer.pt"), strict=False)
    assert not [name for name in loaded.missing_keys if name.startswith("encoder.")]
    assert not loaded.unexpected_keys
    for layer in upstream.quantizer.vq.layers:
        layer._codebook.inited.fill_(1)
    sound = torch.from_numpy(speech[:samples])[None, None]
    with torch.no_grad():
        ids = upstream.encode(sound)[:, 0].T.numpy()
        vectors = sum(upstream.forward_feature(sound))[0].T.numpy()
    (mine,) = open_speechtokenizer(folder).encode([speech[:samples]])
    (features,) = open_speechtokenizer(folder, features=True).encode([speech[:samples]])
    assert mine.shape == (samples // 320, 8)
    assert np.array_equal(mine, ids[: len(mine)])
    assert np.abs(features - vectors[: len(mine)]).max() < 1e-5


def test_every_codebook_has_a_say(write: Write, speech: NDArray[np.float32]) -> None:
    folder = write()
    (ids,) = open_speechtokenizer(folder).encode([speech])
    (features,) = open_speechtokenizer(folder, features=True).encode([speech])
    tables = [
        torch.load(folder / "SpeechTokenizer.pt")[f"quantizer.vq.layers.{n}._codebook.embed"]
        for n in range(8)
    ]
    summed = sum(table[ids[:, number]] for number, table in enumerate(tables))
    assert np.abs(features - summed.numpy()).max() < 1e-5


def test_what_is_missing_is_one_sentence(write: Write, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no file .*config.json; SpeechTokenizer needs"):
        open_speechtokenizer(tmp_path / "nowhere")
    folder = write()
    (folder / "SpeechTokenizer.pt").unlink()
    with pytest.raises(ConfigError, match=r"no file .*SpeechTokenizer.pt with the weights"):
        open_speechtokenizer(folder)


def test_what_is_cut_off_is_one_sentence(write: Write) -> None:
    folder = write()
    weights = folder / "SpeechTokenizer.pt"
    weights.write_bytes(weights.read_bytes()[:50_000])
    with pytest.raises(ConfigError, match=r"cannot be read as the weights of SpeechTokenizer \("):
        open_speechtokenizer(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ConfigError, match=r"is not the config.json of SpeechTokenizer"):
        open_speechtokenizer(folder)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sample_rate": 24_000}, "sample_rate is 24000, not 16000"),
        ({"strides": [8, 5, 5, 3]}, "samples a row is 600, not 320"),
        ({"n_q": 4}, "n_q is 4, not 8"),
        ({"activation": "Snake"}, "activation is Snake, not ELU"),
    ],
)
def test_another_revision_is_one_sentence(
    write: Write, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=f"of another revision of SpeechTokenizer: {said}"):
        open_speechtokenizer(write(settings))


def test_weights_of_another_shape_are_one_sentence(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"model.0.weight has the shape \[4, 1, 7\] where \[8"):
        open_speechtokenizer(write({"n_filters": 8}))
    other = {"quantizer.vq.layers.7._codebook.embed": torch.zeros(512, 24)}
    with pytest.raises(ConfigError, match=r"lacks 1 of 1 tensors .* such as tables"):
        open_speechtokenizer(write(**other))
    broken = {"encoder.model.0.conv.conv.bias": torch.full((4,), torch.nan)}
    with pytest.raises(ConfigError, match=r"damaged: its model.0.bias has values that are no"):
        open_speechtokenizer(write(**broken))
