import json
import math
from pathlib import Path

import pytest
from rich.console import Console
from tests.training.evaluation.quality.made import (
    of_meter_and_oracle,
    report_of,
)

from facewire.errors import ConfigError
from facewire.report_file import write_report
from facewire_training.evaluation.quality.figures import BY_KEY, FIGURES, written
from facewire_training.evaluation.quality.report import read_report
from facewire_training.evaluation.quality.run import SetScores
from facewire_training.evaluation.quality.table import print_report


def test_every_value_has_a_line_in_the_table_and_is_a_number(tmp_path: Path) -> None:
    rows = of_meter_and_oracle(tmp_path).rows
    for row in rows.values():
        assert set(row.content) <= set(BY_KEY)
        assert all(math.isfinite(value) for value in row.content.values())
    assert len(BY_KEY) == len(FIGURES)


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_and_cuts_nothing(width: int, tmp_path: Path) -> None:
    made = of_meter_and_oracle(tmp_path)
    meter = made.rows["volume meter"]
    more = {f"phones {ms} ms": meter for ms in (0, 40, 80, 160)}
    scores = SetScores("made", "2 clips", "the oracle", made.rows | more)
    console = Console(width=width, record=True, file=(tmp_path / "out").open("w"))
    print_report(console, report_of(scores))
    console.file.close()
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if "…" in line and "… " not in line]
    heads = [line.split() for line in lines if "oracle" in line and "volume" not in line]
    assert ["oracle", "meter", "0", "ms", "40", "ms", "80", "ms", "160", "ms"] in heads


def test_a_set_without_any_of_the_rows_says_so(tmp_path: Path) -> None:
    """The oracle alone, where nobody knows the phones."""
    console = Console(width=80, record=True, file=(tmp_path / "out").open("w"))
    print_report(console, report_of(SetScores("faces", "2 clips", "the capture", {})))
    console.file.close()
    said = console.export_text()
    assert "faces: 2 clips" in said
    assert "none of the rows that were asked for can be measured here" in said


def test_values_are_written_as_they_are_read() -> None:
    assert written(BY_KEY["closure"], 0.9514) == "95.1"
    assert written(BY_KEY["closure"], 1.0) == "100"
    assert written(BY_KEY["lag_ms"], -0.2) == "0"
    assert written(BY_KEY["lag_ms"], 34.6) == "+35"
    assert written(BY_KEY["fdd"], -0.0001) == "0.000"
    assert written(BY_KEY["lve"], None) == "–"


def test_a_report_comes_back_from_its_file(tmp_path: Path) -> None:
    report = report_of(of_meter_and_oracle(tmp_path))
    write_report(tmp_path / "q.json", report)
    assert "NaN" not in (tmp_path / "q.json").read_text()
    assert read_report(tmp_path / "q.json") == report
    (tmp_path / "other.json").write_text(json.dumps({"rows": {}}))
    for name in ("other.json", "missing.json"):
        with pytest.raises(ConfigError, match=name):
            read_report(tmp_path / name)
