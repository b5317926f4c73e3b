"""The whole recipe on a minute of data: targets, two runs, resuming, export, and the engine."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnxscript", reason="install onnx: pip install -e '.[train]'")

from facewire.frames import AudioChunk
from facewire_engines.phones.engine import load_phones
from facewire_training.data.corpora.nospeech import NoSpeech
from facewire_training.data.shards import write
from facewire_training.model.export import load_run

RUN = ("--batch", "2", "--hops", "90", "--threads", "1")


def run(module: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", f"facewire_training.{module}", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_recipe_makes_an_engine_and_resumes_to_the_bit(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    write(corpus / "nospeech", NoSpeech(hours=0.01, seed=1).utterances(), {"seed": 1})
    run("data.targets", "--corpus", corpus)
    run("model.train", "--corpus", corpus, "--run", tmp_path / "a", "--steps", "2",
        "--only", "encoder", *RUN)  # fmt: skip
    joint = ("--corpus", corpus, "--begin-with", tmp_path / "a", "--steps", "4", *RUN)
    run("model.train", "--run", tmp_path / "whole", *joint)
    run("model.train", "--run", tmp_path / "parts", *joint, "--stop-after", "2")
    run("model.train", "--run", tmp_path / "parts", *joint, "--workers", "2")
    whole, parts = load_run(tmp_path / "whole"), load_run(tmp_path / "parts")
    for ours, theirs in zip(whole, parts, strict=True):
        for name, value in ours.state_dict().items():
            torch.testing.assert_close(value, theirs.state_dict()[name], atol=0, rtol=0)
    run("model.train", "--corpus", corpus, "--run", tmp_path / "styled", "--begin-with",
        tmp_path / "whole", "--steps", "3", "--only", "styles", *RUN)  # fmt: skip
    for ours, theirs in zip(whole, load_run(tmp_path / "styled"), strict=True):
        for name, value in ours.state_dict().items():
            same = torch.equal(value, theirs.state_dict()[name])
            assert same != name.startswith("styles"), name
    rows = (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [0]
    model = tmp_path / "model"
    run("model.export", "--run", tmp_path / "whole", "--corpus", corpus, "--out", model)
    engine = load_phones(model)
    assert engine.manifest.command.count("facewire_training.model.train") == 2
    frames = engine.session().push(AudioChunk(np.zeros(16_000, np.float32), 0, 16_000))
    assert len(frames) == 56
