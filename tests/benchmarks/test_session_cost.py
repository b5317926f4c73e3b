"""The program that says what a stream costs, as a user runs it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

WIDE = {**os.environ, "COLUMNS": "100"}
PROGRAM = Path(__file__).parents[2] / "benchmarks" / "session_cost.py"


def test_every_engine_has_a_row(tmp_path: Path) -> None:
    path = tmp_path / "cost.json"
    command = [sys.executable, str(PROGRAM), "--seconds", "1", "--json", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, env=WIDE)
    assert result.returncode == 0, result.stderr
    rows = re.findall(r"(`phones.*?) +(\d+\.\d{3}) +\d+\.\d %", result.stdout)
    assert [name for name, _ in rows] == [
        "`phones`",
        "`phones`, each hop a run of its own",
        *(f"`phones-batched`, {count} in a run" for count in (1, 2, 4, 8, 16, 32, 64)),
    ]
    assert all(float(cost) > 0 for _, cost in rows)
    written = json.loads(path.read_text())
    assert [(name, f"{cost:.3f}") for name, cost in written["costs_ms"].items()] == rows
    assert written["machine"]["cores"] >= 1
