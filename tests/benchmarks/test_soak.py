"""The soak, in short: every frame is there and right, beside an uploader."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_five_who_speak_beside_one_who_uploads_get_every_frame(tmp_path: Path) -> None:
    path = tmp_path / "soak.json"
    command = [sys.executable, str(BENCHMARKS / "soak.py"), "--seconds", "8", "--json", str(path)]
    # As a user runs it: with asyncio's debugging, seven processes take more than two cores have.
    variables = {k: value for k, value in os.environ.items() if k != "PYTHONASYNCIODEBUG"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=110, env=variables)
    assert result.returncode == 0, result.stderr
    found = json.loads(path.read_text())
    assert found["exact"]
    assert [session["frames"] for session in found["sessions"]] == [480] * 5
    assert len({session["digest"] for session in found["sessions"]}) == 1
    assert found["uploader"]["exact"]
    assert found["uploader"]["recordings"] >= 1


def test_drift_is_told_from_noise() -> None:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        drift = import_module("soak_clients").drift
    finally:
        sys.path.remove(str(BENCHMARKS))
    rng = np.random.default_rng(0)
    noise = rng.exponential(20, 216_000)
    assert abs(drift(noise)) < 0.1
    assert drift(noise + np.linspace(0, 5, len(noise))) == pytest.approx(5, abs=0.2)
