"""HuBERT's rows are those of transformers, normalised where the checkpoint says so."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import HubertConfig, HubertModel

from facewire.errors import ConfigError
from facewire_training.speech_encoders.hubert import open_hubert
from facewire_training.speech_encoders.networks.hubert_checkpoints import SIZES, random_hubert


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random_hubert("tiny").save_pretrained(tmp_path)
    return tmp_path


@pytest.mark.parametrize("normalised", [True, False])
def test_rows_are_those_of_transformers(
    folder: Path, speech: NDArray[np.float32], normalised: bool
) -> None:
    transformers: Any = import_module("transformers")
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=normalised)
    extractor.save_pretrained(folder)
    encoder = open_hubert(folder)
    model = transformers.HubertModel.from_pretrained(folder).eval()
    quiet = speech * 0.1 + 0.01
    given = extractor(quiet, sampling_rate=16_000, return_tensors="pt").input_values
    before = torch.zeros(1, 80)
    with torch.no_grad():
        expected = model(torch.cat((before, given), 1)).last_hidden_state[0].numpy()
    (rows,) = encoder.encode([quiet])
    assert rows.shape == expected.shape
    assert np.abs(rows - expected).max() < 1e-4
    assert encoder.representation.width == 32


def test_a_file_of_the_folder_does_as_well(folder: Path) -> None:
    assert open_hubert(folder / "config.json").representation.width == 32


def test_weights_that_are_missing_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no folder .*facewire models pull hubert"):
        open_hubert(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="no weights of a HuBERT"):
        open_hubert(tmp_path)


def test_weights_that_are_cut_off_are_one_sentence(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5000])
    with pytest.raises(ConfigError, match=r"no weights of a HuBERT at .* \(.+\); give a folder"):
        open_hubert(folder)


def test_a_torch_file_that_is_cut_off_is_one_sentence(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(random_hubert("tiny").state_dict(), folder / "pytorch_model.bin")
    assert open_hubert(folder).representation.width == 32
    whole = (folder / "pytorch_model.bin").read_bytes()
    (folder / "pytorch_model.bin").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match=r"no weights of a HuBERT at .* \(.+\); give a folder"):
        open_hubert(folder)


def test_weights_of_another_shape_are_one_sentence(folder: Path) -> None:
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(said | {"intermediate_size": 48}))
    with pytest.raises(ConfigError, match="HuBERT at") as refusal:
        open_hubert(folder)
    assert "\n" not in str(refusal.value)


def test_a_network_of_another_kind_or_rate_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    said = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(said | {"model_type": "wav2vec2"}))
    with pytest.raises(ConfigError, match="holds a wav2vec2 model, not a HuBERT"):
        open_hubert(folder)
    strides = (5, 2, 2, 2, 2, 2, 1)
    sizes = SIZES["tiny"] | {"conv_stride": strides}
    HubertModel(HubertConfig(**sizes)).save_pretrained(tmp_path / "fast")
    with pytest.raises(ConfigError, match="a row for every 160 samples, not 320"):
        open_hubert(tmp_path / "fast")
