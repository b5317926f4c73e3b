from pathlib import Path

import pytest

from facewire.errors import ConfigError
from facewire.report_file import write_report
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.run import RowScores, SetScores
from facewire_training.evaluation.report_tables import main

COMMAND = "facewire bench quality --data DATA"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    oracle = {"closure": 1.0, "lve": 0.0, "lag_ms": 0.0}
    ours = {"closure": 0.9514, "lve": 0.25, "lag_ms": 12.0}
    rows = {
        "oracle": RowScores(oracle, None),
        "phones 0 ms": RowScores(ours, ours | {"lag_ms": 22.0}),
    }
    sets = (
        SetScores("made", "2 clips", "the oracle", rows),
        SetScores("GRID", "1 clip", "", {"phones 0 ms": RowScores({"gap_r": 0.5}, None)}),
    )
    write_report(tmp_path / "q.json", Report(COMMAND, "2026-11-21", "60", 10.0, sets))
    return tmp_path / "q.json"


def test_every_set_has_its_table(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(report)])
    assert capsys.readouterr().out == (
        f"`{COMMAND}`, 2026-11-21, 60 frames per second, voices 10 dB below the speech.\n"
        "\n"
        "made: 2 clips.\n"
        "\n"
        "|  | oracle | phones 0 ms |\n"
        "| --- | ---: | ---: |\n"
        "| *contacts and shapes* |  |  |\n"
        "| p b m closed, % ↑ | 100 | 95.1 |\n"
        "| *timing* |  |  |\n"
        "| lag of the gap, ms | 0 | +12 |\n"
        "| *against the oracle* |  |  |\n"
        "| LVE ↓ | 0.000 | 0.250 |\n"
        "| *live timing* |  |  |\n"
        "| p b m closed, % ↑ | – | 95.1 |\n"
        "| lag of the gap, ms | – | +22 |\n"
        "\n"
        "GRID: 1 clip.\n"
        "\n"
        "|  | phones 0 ms |\n"
        "| --- | ---: |\n"
        "| *correlation* |  |\n"
        "| lip gap, r ↑ | 0.50 |\n"
    )


def test_the_short_form_keeps_what_matters(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(report), "--short"])
    printed = capsys.readouterr().out
    assert "p b m closed" in printed
    assert "LVE" not in printed
    assert "GRID" not in printed


def test_tables_are_put_between_the_marks_again_and_again(report: Path, tmp_path: Path) -> None:
    doc = tmp_path / "doc.md"
    doc.write_text("before\n<!-- table -->\nold\n<!-- end of table -->\nafter\n", "utf-8")
    for _ in range(2):
        main([str(report), "--into", str(doc)])
        content = doc.read_text("utf-8")
        assert content.startswith("before\n<!-- table -->\n\n`facewire bench")
        assert content.endswith("\n\n<!-- end of table -->\nafter\n")
        assert "old" not in content
        assert content.count("| lip gap, r ↑ | 0.50 |") == 1


def test_a_file_without_marks_is_left_alone(report: Path, tmp_path: Path) -> None:
    doc = tmp_path / "doc.md"
    doc.write_text("nothing\n<!-- table -->\n", "utf-8")
    with pytest.raises(ConfigError, match="lacks the lines"):
        main([str(report), "--into", str(doc)])
    assert doc.read_text("utf-8") == "nothing\n<!-- table -->\n"
    with pytest.raises(ConfigError, match="is no report"):
        main([str(tmp_path / "none.json")])
