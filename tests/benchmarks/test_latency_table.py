"""The documents' latency table is what the committed result says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "benchmarks" / "results" / "latency-2026-11-21.json"


def test_the_docs_carry_the_committed_figures(tmp_path: Path) -> None:
    for name in ("README.md", "docs/latency.md"):
        copy = tmp_path / Path(name).name
        copy.write_text((ROOT / name).read_text())
        script = ROOT / "benchmarks" / "latency_table.py"
        subprocess.run([sys.executable, str(script), str(REPORT), str(copy)], check=True)
        assert copy.read_text() == (ROOT / name).read_text()


def test_a_file_without_marks_is_left_alone(tmp_path: Path) -> None:
    plain = tmp_path / "plain.md"
    plain.write_text("nothing here\n")
    script = ROOT / "benchmarks" / "latency_table.py"
    result = subprocess.run(
        [sys.executable, str(script), str(REPORT), str(plain)], capture_output=True, text=True
    )
    assert result.returncode != 0
    assert plain.read_text() == "nothing here\n"
