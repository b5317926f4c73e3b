"""The table of look-aheads, and the defaults that come from it."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[quality]'")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
try:
    import lookahead_text
finally:
    sys.path.remove(str(BENCHMARKS))

from facewire.settings.lookahead import DELAYED_MS, DIRECT_MS
from facewire_training.evaluation.quality.report import Report, read_report
from facewire_training.evaluation.quality.run import RowScores, SetScores

REPORT = BENCHMARKS / "results" / "quality-lookahead.json"


def row(closed: float, shut: float, ahead: float) -> RowScores:
    content = {"closure": 0.95, "false_closure": 0.02, "rounding_auc": 0.96}
    live = {"closure": closed, "false_closure": shut, "rounding_auc": 0.9, "lag_ms": ahead}
    return RowScores(content, live, ahead)


def test_a_line_for_each_look_ahead_and_the_defaults_in_bold() -> None:
    rows = {f"phones {ms:g} ms": row(0.9, 0.05, ms) for ms in (80.0, 0.0, 20.0)}
    rows["oracle, 0 ms late"] = RowScores({}, {"false_closure": 0.004})
    report = Report(
        "facewire", "2026-11-28", "60", None, (SetScores("people", "2 clips", "", rows),)
    )
    lines = lookahead_text.what_it_buys(report).splitlines()
    assert lines[2] == "| 0 | 90.0 | 5.0 | 85.0 | 0.90 | 0 | 0.4 | 95.0 | 2.0 | 93.0 | 0.96 |"
    assert lines[3].startswith(
        "| 20 | **90.0** | **5.0** | **85.0** | **0.90** | **+20** | – | 95.0 |"
    )
    assert lines[4].startswith("| 80 | 90.0 |")
    assert lines[4].endswith("| **95.0** | **2.0** | **93.0** | **0.96** |")


def test_the_defaults_are_what_the_committed_figures_say() -> None:
    """Within two points: a new model that wants others has to move them."""
    rows = lookahead_text.look_aheads(read_report(REPORT))
    live = {ahead: lookahead_text.combined(row.live or {}) for ahead, row in rows.items()}
    content = {ahead: lookahead_text.combined(row.content) for ahead, row in rows.items()}
    assert live[DIRECT_MS] > max(live.values()) - 0.02
    assert content[DELAYED_MS] > max(content.values()) - 0.02
    # The other one's default would be worse in each case.
    assert live[DIRECT_MS] > live[DELAYED_MS] + 0.05
    assert rows[DELAYED_MS].content["rounding_auc"] > rows[DIRECT_MS].content["rounding_auc"]
