"""What is worst stands first, and every goal asks for a figure that is measured."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[quality]'")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
try:
    import ruler_text
finally:
    sys.path.remove(str(BENCHMARKS))

from facewire.errors import ConfigError
from facewire.report_file import write_report
from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.run import RowScores, SetScores
from facewire_training.evaluation.robustness.report import RobustnessReport, RobustnessRow

RESULTS = BENCHMARKS / "results"


def ruler() -> ruler_text.Ruler:
    content = {"closure": 0.97, "luck": 0.5, "opening_r": 0.35, "roll_f": 0.45}
    details = {
        "opening by phone": {"aa": 1.0, "s": 0.5},
        "p b m missed after": {"n": 0.25, "ih": 0.125},
        "p b m missed before": {},
    }
    speech = SetScores(
        ruler_text.SPEECH,
        "two clips",
        "the oracle",
        {
            "oracle": RowScores({"closure": 1.0}, None, details={"opening by phone": {"aa": 1.1}}),
            "phones 0 ms": RowScores({}, {}, 0.0),
            "phones 20 ms": RowScores({}, {"closure": 0.48}, 20.0),
            "phones 80 ms": RowScores(content, {}, 80.0, details),
        },
    )
    shown = {"never moves": {"cheekPuff": 0.0, "browDownLeft": 0.0}}
    whole = SetScores(
        ruler_text.WHOLE, "", "", {"phones 80 ms": RowScores({"blinks": 12.2}, None, 80.0, shown)}
    )
    people = SetScores(ruler_text.PEOPLE, "", "", {"true face": RowScores({"blinks": 45.0}, None)})
    captures = [
        SetScores(name, "", "", {"phones 80 ms": RowScores({"gap_r": 0.8}, None, 80.0)})
        for name in (ruler_text.GRID_SET, ruler_text.FACEGOOD_SET)
    ]
    quality = Report("facewire", "2026-11-28", "60", None, (speech, whole, people, *captures))
    rows = [RobustnessRow("child-like, x 1.33", "speech", "", {"closure": 0.66})]
    robustness = RobustnessReport("facewire", "2026-11-28", "", "", rows)
    return ruler_text.Ruler(quality, robustness, quality)


def test_what_is_farthest_from_its_goal_stands_first_and_what_meets_it_last() -> None:
    lines = ruler_text.worst_first(ruler(), ruler()).splitlines()[2:]
    assert lines[:5] == [
        "| p b m closed by luck | 50.0 % | 50.0 % | ≤ 25.0 % |  |",
        "| opening by phone, against people, r | 0.35 | 0.35 | ≥ 0.70 |  |",
        "| f rolled in | 45.0 % | 45.0 % | ≥ 90.0 % |  |",
        "| live at 20 ms: p b m closed | 48.0 % | 48.0 % | ≥ 96.0 % |  |",
        "| child-like, x 1.33: p b m closed | 66.0 % | 66.0 % | ≥ 88.0 % |  |",
    ]
    assert "| p b m closed, 80 ms | 97.0 % | 97.0 % | ≥ 97.0 % | 100 % |" in lines[5:8]
    assert lines[-1].split("|")[2].strip() == "–"  # not measured


def test_details_are_told_by_phone_and_by_shape() -> None:
    table = ruler_text.openings(ruler())
    assert "| aa | 1.00 |" in table
    order = [line.split(" ")[1] for line in table.splitlines()[2:] if line.startswith("| ")]
    assert order[:3] == ["b", "m", "p"]
    assert order.index("w") < order.index("s") < order.index("ey")
    row = next(line for line in table.splitlines() if line.startswith("| s |"))
    assert row.split(" | ")[1] == "0.82"
    assert row.endswith("| – | – | 0.50 |")
    assert ruler_text.missed(ruler()) == (
        "At 80 ms p b m are missed most after n (25.0 %), ih (12.5 %)."
    )
    told = ruler_text.never_moves(ruler())
    assert "browDownLeft, cheekPuff." in told
    assert "blinks a minute 12 (45)" in told


@pytest.mark.parametrize("model", ["first-model", "second-model"])
def test_the_committed_reports_have_what_the_goals_ask_for(model: str) -> None:
    found = ruler_text.read_ruler(RESULTS, model)
    assert [goal.what for goal in ruler_text.GOALS if goal.value(found) is None] == []


def test_a_model_that_was_not_measured_is_told_in_one_sentence(tmp_path: Path) -> None:
    write_report(tmp_path / "quality-x.json", ruler().quality)
    with pytest.raises(ConfigError, match=r"robustness-x.json is no report"):
        ruler_text.read_ruler(tmp_path, "x")
