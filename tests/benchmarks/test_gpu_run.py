"""The run for GPUs, on a machine that need not have one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facewire_engines.backends.cuda_driver import driver_is_there

ROOT = Path(__file__).parents[2]


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


def test_the_same_program_measures_the_processor(tmp_path: Path) -> None:
    path = tmp_path / "figures" / "run.json"
    words = ["--backend", "onnx", "--sessions", "1", "--seconds", "0.5", "--processes", "1"]
    ended = gpu_run(*words, "--hubert", str(tmp_path), "--json", str(path))
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
