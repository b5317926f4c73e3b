from pathlib import Path
from shutil import copytree

import msgspec
import numpy as np
import pytest

from facewire import arkit
from facewire.errors import ConfigError, EngineError
from facewire.frames import AudioChunk, Samples
from facewire.stream.engines import load_engine as load
from facewire_engines.model_files import EMBEDDED_MODELS, read_manifest
from facewire_engines.phones.engine import load_embedded, load_phones

MODEL = EMBEDDED_MODELS / "phones"
MAX_BYTES = 8_000_000


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(copytree(MODEL, tmp_path / "model"))


def test_the_model_in_the_wheel_is_small_and_says_where_it_comes_from() -> None:
    manifest = read_manifest(MODEL)
    assert sum((MODEL / name).stat().st_size for name in manifest.files) <= MAX_BYTES
    assert manifest.licence == "Apache-2.0"
    assert not manifest.non_commercial
    assert "facewire_training.model.train" in manifest.command
    assert any("Vassil Panayotov" in source.attribution for source in manifest.data)
    assert sum(file.parameters for file in manifest.files.values()) > 500_000


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx"])
def test_a_changed_byte_is_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(EngineError, match="sha256"):
        load_phones(copy)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "decoder.onnx").unlink()
    with pytest.raises(EngineError, match=r"decoder\.onnx"):
        load_phones(copy)


@pytest.mark.parametrize("text", ["", "{}", "not json"])
def test_a_broken_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text)
    with pytest.raises(EngineError, match="manifest"):
        load_phones(copy)


def test_a_model_of_other_tokens_is_refused(copy: Path) -> None:
    manifest = msgspec.structs.replace(read_manifest(copy), tokens=("a", "b"))
    (copy / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    with pytest.raises(EngineError, match="tokens"):
        load_phones(copy)


def test_an_unknown_engine_is_the_users_mistake() -> None:
    with pytest.raises(ConfigError, match="phones"):
        load("nothing")


def test_silence_is_still_and_shut() -> None:
    session = load_embedded().session()
    frames = session.push(AudioChunk(np.zeros(32_000, np.float32), 0, 16_000))
    late = np.stack([frame.weights for frame in frames[60:]])
    assert late[:, arkit.INDEX["jawOpen"]].max() < 0.05
    assert np.abs(np.diff(late, axis=0)).max() < 0.01
    assert max(frame.speech for frame in frames[60:]) < 0.3


def test_speech_is_noticed(speech: Samples) -> None:
    session = load_embedded().session()
    frames = session.push(AudioChunk(speech, 0, 16_000))
    assert np.median([frame.speech for frame in frames]) > 0.9
