import json
from pathlib import Path

import pytest
import soundfile
from tests.training.evaluation.quality.made import (
    spoken,
)
from typer.testing import CliRunner

from facewire import arkit
from facewire.errors import ConfigError
from facewire_cli.app import app


def recordings(folder: Path) -> Path:
    """Write two recordings with phone times, as a user has them."""
    for seed, name in enumerate(("one", "two"), start=1):
        utterance = spoken(name, seed)
        soundfile.write(folder / f"{name}.wav", utterance.samples, 16_000)
        lines = [f"{p.start_s:.3f} {p.end_s:.3f} {p.label}" for p in utterance.phones]
        (folder / f"{name}.lab").write_text("\n".join(lines))
    return folder


def test_the_command_measures_a_folder_of_recordings(tmp_path: Path) -> None:
    out = tmp_path / "q.json"
    words = ["bench", "quality", "--data", str(recordings(tmp_path)), "--rows", "oracle,phones"]
    result = CliRunner().invoke(
        app, [*words, "--lookahead-ms", "40", "--frame-rate", "30", "--json", str(out)]
    )
    assert result.exit_code == 0, result.output
    assert "2 clips" in result.output
    assert "live timing" in result.output
    (scores,) = json.loads(out.read_text())["sets"]
    assert set(scores["rows"]) == {"oracle", "phones 40 ms"}
    assert scores["rows"]["oracle"]["content"]["closure"] == 1.0
    assert scores["rows"]["phones 40 ms"]["live"]["lag_ms"] is not None


def test_wrong_options_are_refused_in_one_sentence(tmp_path: Path) -> None:
    runner = CliRunner()
    for words, told in (
        ([], "--data DIR"),
        (["--data", str(tmp_path / "none")], "there is no folder"),
        (["--data", str(tmp_path)], "has no recording"),
        (["--data", str(tmp_path), "--rows", "nobody"], "no engine 'nobody'"),
        (["--data", str(tmp_path), "--rows", "teacher"], "--teacher RUN"),
        (["--data", str(tmp_path), "--lookahead-ms", "900"], "out of range"),
        (["--data", str(tmp_path), "--rows", "late-oracle", "--lookahead-ms", "-20"], "at least 0"),
        (["--data", str(tmp_path), "--json", str(tmp_path / "no" / "q.json")], "no folder"),
    ):
        result = runner.invoke(app, ["bench", "quality", *words])
        assert isinstance(result.exception, ConfigError)
        assert told in str(result.exception)


@pytest.mark.slow
def test_the_validation_data_give_every_figure(data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "q.json"
    words = ["bench", "quality", "--data", str(data_dir), "--utterances", "2", "--json", str(out)]
    result = CliRunner().invoke(app, [*words, "--lookahead-ms", "80", "--frame-rate", "30"])
    assert result.exit_code == 0, result.output
    sets = json.loads(out.read_text())["sets"]
    speech, no_speech, grid, facegood, whole, people = sets
    oracle, meter = speech["rows"]["oracle"]["content"], speech["rows"]["volume meter"]["content"]
    assert oracle["closure"] == 1.0
    assert oracle["gap_auc"] > 0.93
    assert meter["rounding_auc"] < 0.7
    assert meter["lip_mm"] > 1.0
    assert no_speech["rows"]["oracle"]["content"]["rest"] == 1.0
    assert set(grid["rows"]) == {"volume meter", "phones 80 ms"}
    assert facegood["rows"]["true face"]["content"]["gap_r"] == pytest.approx(1.0)
    assert -1 < facegood["rows"]["phones 80 ms"]["content"]["width_r"] < 1
    assert -1 < grid["rows"]["phones 80 ms"]["content"]["round_r"] < 1
    shown = whole["rows"]["phones 80 ms"]
    assert set(shown["details"]["never moves"]) < set(arkit.NAMES)
    assert set(people["rows"]) == {"true face", "phones 80 ms"}
    assert "fdd" in people["rows"]["phones 80 ms"]["content"]
