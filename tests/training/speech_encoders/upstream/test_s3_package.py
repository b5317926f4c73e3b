"""CosyVoice's tokenizer is loaded where it can be, and asked for in one sentence where not."""

import sys
from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire_training.speech_encoders.upstream.s3_package import load_s3

LOADS = """
import pathlib, torchaudio
class S3TokenizerV2:
    def __init__(self, name):
        self.name = name
    def init_from_onnx(self, path):
        if not pathlib.Path(path).read_text():
            raise RuntimeError("protobuf parsing failed")
    def eval(self):
        return self
"""


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is there, and a torchaudio as pip installs it beside a torch without CUDA."""
    (tmp_path / "torchaudio.py").write_text("raise OSError('libc10_cuda.so: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("s3tokenizer", "torchaudio"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    path = tmp_path / "speech_tokenizer_v2.onnx"
    path.write_text("weights")
    return path


def test_it_needs_no_torchaudio(weights: Path) -> None:
    weights.with_name("s3tokenizer.py").write_text(LOADS)
    assert load_s3(weights).model.name == "speech_tokenizer_v2"
    assert "torchaudio" not in sys.modules
    sys.modules.pop("s3tokenizer")


def test_a_package_that_does_not_load_is_one_sentence(weights: Path) -> None:
    weights.with_name("s3tokenizer.py").write_text("raise OSError('libtorch.so: no such symbol')")
    with pytest.raises(ConfigError, match=r"does not load \(libtorch.so: no such symbol\); "):
        load_s3(weights)


def test_weights_that_are_missing_or_damaged_are_one_sentence(weights: Path) -> None:
    weights.with_name("s3tokenizer.py").write_text(LOADS)
    weights.write_text("")
    with pytest.raises(ConfigError, match=r"\(protobuf parsing failed\); download it again"):
        load_s3(weights)
    sys.modules.pop("s3tokenizer")
    weights.unlink()
    with pytest.raises(ConfigError, match="which you have to download yourself"):
        load_s3(weights)
