"""The documents' performance figures are what the committed results say."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="install torch: pip install torch")
pytest.importorskip("matplotlib", reason="install matplotlib: pip install -e '.[train]'")

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
SCRIPT = ROOT / "benchmarks" / "make_docs.py"
DOCS = ("README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
PICTURE = Path("docs/pictures/sessions.png")
PICTURES = {
    "throughput-cpu.json": PICTURE,
    "representations.json": Path("docs/pictures/representations.png"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The documents in a folder of their own, without the picture."""
    (tmp_path / PICTURE).parent.mkdir(parents=True)
    for name in DOCS:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make_docs(root: Path, results: Path = RESULTS) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--root", str(root), "--results", str(results)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_docs_carry_the_committed_figures(copy: Path) -> None:
    result = make_docs(copy)
    assert result.returncode == 0, result.stderr
    for name in DOCS:
        assert (copy / name).read_text() == (ROOT / name).read_text(), "run make_docs.py"


def test_the_pictures_were_drawn_from_the_committed_figures(copy: Path) -> None:
    """The bytes differ with the version of matplotlib; the digest that they carry does not."""
    make_docs(copy)
    for report, picture in PICTURES.items():
        digest = hashlib.sha256((RESULTS / report).read_bytes()).hexdigest().encode()
        assert digest in (copy / picture).read_bytes()
        assert digest in (ROOT / picture).read_bytes(), "run make_docs.py"


def test_other_figures_make_other_docs(copy: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    shutil.copytree(RESULTS, results)
    report = json.loads((results / "latency-cpu.json").read_text())
    report["runs"][0]["stages"]["heard to received"]["p99_ms"] = 1234.567
    (results / "latency-cpu.json").write_text(json.dumps(report))
    assert make_docs(copy, results).returncode == 0
    assert "(p99 1234.6)" in (copy / "README.md").read_text()
    assert "1234.57" in (copy / "docs" / "latency.md").read_text()


def test_a_document_without_marks_is_left_alone(copy: Path) -> None:
    (copy / "README.md").write_text("nothing here\n")
    assert make_docs(copy).returncode != 0
    assert (copy / "README.md").read_text() == "nothing here\n"
