"""The run for GPUs, on a machine that need not have one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facewire.errors import EngineError
from facewire_engines.backends.cuda_driver import driver_is_there

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))
from gpu_parts import Agreed, Agreement, Trained, Training, run_part


def gpu_run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "gpu_run.py"), *words],
        capture_output=True, text=True, timeout=110, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def test_without_a_gpu_it_says_what_it_needs() -> None:
    if driver_is_there():
        pytest.skip("this machine has a GPU")
    ended = gpu_run()
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "needs one of NVIDIA's" in ended.stderr


SHORT = ("--seconds", "0.5", "--processes", "1", "--train-seconds", "0")


def test_the_same_program_measures_the_processor_and_notes_what_cannot_be_done(
    tmp_path: Path,
) -> None:
    path = tmp_path / "figures" / "run.json"
    words = ["--backend", "onnx", "--sessions", "1", *SHORT]
    ended = gpu_run(*words, "--windowed", f"hubert:{tmp_path}", "--json", str(path))
    assert ended.returncode == 0, ended.stderr
    report = json.loads(path.read_text())
    (row,) = report["rows"]
    assert row["engine"] == "phones-batched@onnx"
    assert [trial["sessions"] for trial in row["trials"]] == [1]
    assert row["trials"][0]["frames"] > 10
    assert report["agreements"]["phones-batched@onnx"]["largest"] <= 5e-6
    assert "no model" in report["left_out"][f"hubert:{tmp_path}@onnx"]
    assert report["gpu"] is None
    assert f"wrote {path}" in ended.stderr


def test_what_there_is_no_time_for_is_noted_and_the_report_is_written(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    windowed = ("--windowed", f"hubert:{tmp_path}")
    ended = gpu_run("--backend", "onnx", *SHORT, *windowed, "--limit", "3", "--json", str(path))
    assert ended.returncode == 0, ended.stderr
    report = json.loads(path.read_text())
    assert report["left_out"]["phones-batched@onnx"] == "no time was left"
    assert report["rows"] == []


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_a_training_is_timed_on_a_corpus_that_is_made(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
    part = Training(str(tmp_path), "cpu", "narrow", seconds=20, batch=2)
    found = run_part(part, Trained, limit_s=170)
    assert found.steps >= 10
    assert found.steps % 10 == 0
    assert 0 < found.seconds < 20
    assert found.windows == 2
    assert found.corpus == "made"
    assert found.loss[0] > 0
    assert found.steps_per_s == found.steps / found.seconds


def test_a_part_that_hangs_or_fails_ends_alone() -> None:
    with pytest.raises(EngineError, match="it was not done in 1 s"):
        run_part(Agreement("phones@onnx"), Agreed, limit_s=1)
    with pytest.raises(EngineError, match="wobble"):
        run_part(Agreement("wobble"), Agreed, limit_s=100)
