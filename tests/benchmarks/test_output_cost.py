"""The program that says what each output costs, as a user runs it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

WIDE = {**os.environ, "COLUMNS": "100"}
PROGRAM = Path(__file__).parents[2] / "benchmarks" / "output_cost.py"


def test_every_output_has_a_row(tmp_path: Path) -> None:
    path = tmp_path / "cost.json"
    command = [sys.executable, str(PROGRAM), "--seconds", "1", "--json", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, env=WIDE)
    assert result.returncode == 0, result.stderr
    rows = re.findall(r"^(\w+://\S*) +(\d+) +\d+\.\d\d % +(\S+) +(\d+)$", result.stdout, re.M)
    written = json.loads(path.read_text())
    costs = {cost["output"]: cost for cost in written["costs"]}
    assert [row[0] for row in rows] == list(costs)
    assert {output.partition(":")[0] for output in costs} == {
        "livelink", "vmc", "vrchat", "ifacialmocap", "osc"
    }  # fmt: skip
    assert all(cost["cost_us"] > 0 for cost in costs.values())
    assert costs["livelink://"]["datagrams"] == 1
    assert costs["livelink://"]["bytes"] == 306 + len("Facewire")
    assert costs["vmc://?names=perfect-sync"]["datagrams"] == 2
    assert costs["osc://127.0.0.1?preset=resonite"]["datagrams"] == 56
    assert 0 < costs["vrchat://?set=v2"]["datagrams"] < 6
