"""The tests that need Pipecat and LiveKit, run in the environment that has them."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.conftest import skip_unless_ci

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".cache" / "agents" / "bin" / "python"
INSIDE = Path(__file__).with_name("inside")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(path.name for path in INSIDE.glob("test_*.py")))
def test_with_the_frameworks(name: str) -> None:
    if not PYTHON.exists():
        skip_unless_ci("Pipecat and LiveKit are not there: make agent-frameworks")
    # The frameworks warn of what they use themselves.
    options = ["-q", "-o", "filterwarnings=default"]
    command = [str(PYTHON), "-m", "pytest", *options, str(INSIDE / name)]
    # They run for minutes of virtual time, which asyncio's debugging makes five times longer.
    variables = {**os.environ, "PYTHONPATH": "", "PYTHONASYNCIODEBUG": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=290
    )
    assert done.returncode == 0, done.stdout[-8_000:]
    assert "skipped" not in done.stdout, done.stdout[-8_000:]
