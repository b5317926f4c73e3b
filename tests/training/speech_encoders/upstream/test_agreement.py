"""The command that compares ids with those of the authors' own code, on small random weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from tests.training.speech_encoders.test_speechtokenizer import CONFIG, published_tensors
from tests.training.speech_encoders.test_wavtokenizer import SIZE, write

from facewire.errors import ConfigError
from facewire_training.speech_encoders.s3 import open_s3
from facewire_training.speech_encoders.upstream.agreement import (
    Comparison,
    check_equal,
    compare,
    judge_of,
    main,
)

Speech = NDArray[np.float32]
COMMAND = "facewire_training.speech_encoders.upstream.agreement"


@pytest.fixture
def sounds(tmp_path: Path, speech: Speech) -> Path:
    """A folder with two recordings, and what is none."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    soundfile.write(folder / "a.wav", speech[:30_000], 16_000)
    soundfile.write(folder / "b.flac", speech[30_000:], 16_000)
    (folder / "notes.txt").write_text("no sound")
    return folder


@pytest.fixture
def published(tmp_path: Path, speech: Speech, upstream_speechtokenizer: Any) -> Path:
    """A folder that the package itself has written, whole."""
    folder = tmp_path / "speechtokenizer"
    folder.mkdir()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = upstream_speechtokenizer(CONFIG)
    model.load_state_dict(published_tensors(speech), strict=False)
    for layer in model.quantizer.vq.layers:
        layer._codebook.inited.fill_(1)
    torch.save(model.state_dict(), folder / "SpeechTokenizer.pt")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return folder


@pytest.mark.filterwarnings("ignore")  # the package calls torch as torch was
def test_speechtokenizer_is_compared_with_its_package(
    published: Path, sounds: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    words = ["--encoder", "speechtokenizer", "--weights", str(published), "--input", str(sounds)]
    main([*words, "--json", str(report), "--at-least", "1"])
    found = json.loads(report.read_text())
    (comparison,) = found["comparisons"]
    assert comparison["equal"] == [1.0] * 8
    assert comparison["rows"] == 30_000 // 320 + 34_000 // 320
    assert found["recordings"] == 2
    assert len(found["sha256"]) == 64


def test_wavtokenizer_is_compared_with_a_clone(
    request: pytest.FixtureRequest, sounds: Path, tmp_path: Path
) -> None:
    clone = request.config.getoption("--wavtokenizer")
    if clone is None:
        pytest.skip("name a clone of jishengpeng/WavTokenizer with --wavtokenizer")
    weights = write(tmp_path / "WavTokenizer_small.ckpt", SIZE)
    report = tmp_path / "report.json"
    main(
        ["--encoder", "wavtokenizer", "--weights", str(weights), "--wavtokenizer", str(clone),
         "--input", str(sounds), "--json", str(report)]
    )  # fmt: skip
    assert json.loads(report.read_text())["comparisons"][0]["equal"] == [1.0]


def test_the_graph_and_torch_are_compared(s3_graph: Path, speech: Speech) -> None:
    sayers = {
        "onnxruntime": judge_of(open_s3(s3_graph, library="onnxruntime")),
        "torch": judge_of(open_s3(s3_graph, library="torch")),
    }
    (found,) = compare(sayers, [speech, speech[:20_000]])
    assert (found.one, found.other, found.rows, found.lacking) == ("onnxruntime", "torch", 131, 0)
    check_equal([found], 0.999)


def test_what_differs_and_what_lacks_is_counted() -> None:
    ids = np.arange(20).reshape(10, 2)
    other = ids[:8].copy()
    other[:2, 1] = 99
    (found,) = compare({"one": lambda _: ids, "other": lambda _: other}, [np.zeros(9, np.float32)])
    assert found == Comparison("one", "other", 8, 2, (1.0, 0.75))
    check_equal([found], 0.875)
    with pytest.raises(ConfigError, match=r"one and other agree on 87.500% of the ids, where 99"):
        check_equal([found], 0.999)


def test_what_is_missing_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = write(tmp_path / "WavTokenizer_small.ckpt", SIZE)
    for words, said in (
        (["--encoder", "wavtokenizer", "--weights", str(weights)], "no folder is no clone of Wav"),
        (["--encoder", "wavtokenizer", "--weights", str(tmp_path / "no.ckpt")], "no file"),
        (["--encoder", "cosyvoice2", "--weights", str(tmp_path / "no.onnx")], "no file"),
        (["--encoder", "cosyvoice2", "--weights", "no.onnx", "--input", str(tmp_path)], "no sound"),
    ):
        with pytest.raises(SystemExit):
            main(words)
        err = capsys.readouterr().err
        assert said in err
        assert "Traceback" not in err


@pytest.mark.filterwarnings("ignore")
def test_the_package_says_what_it_cannot_read(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(published, tmp_path / "cut")
    tensors = torch.load(copy / "SpeechTokenizer.pt")
    del tensors["decoder.model.0.conv.conv.bias"]  # which is not read here
    torch.save(tensors, copy / "SpeechTokenizer.pt")
    with pytest.raises(SystemExit):
        main(["--encoder", "speechtokenizer", "--weights", str(copy)])
    assert "speechtokenizer does not read" in capsys.readouterr().err
