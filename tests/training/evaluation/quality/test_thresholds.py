from dataclasses import replace

from facewire_training.evaluation.quality.report import Report
from facewire_training.evaluation.quality.run import RowScores, SetScores
from facewire_training.evaluation.quality.thresholds import judge


def test_thresholds_are_judged_in_content_timing_at_80_ms_and_live_at_20() -> None:
    good = {
        "closure": 0.98, "luck": 0.2, "false_closure": 0.01, "rounding_auc": 0.95, "lag_ms": -20.0,
        "jitter": 80.0, "opening_r": 0.71, "roll_f": 0.9, "roll_v": 0.8, "tongue_th": 0.8,
    }  # fmt: skip
    bad = {key: value for key, value in good.items() if key != "luck"}
    bad |= {"closure": 0.6, "jitter": 200.0}
    live = {"closure": 0.97, "false_closure": 0.02, "rounding_auc": 0.9}
    rows = {
        "a": RowScores(good, None, 80.0),
        "b": RowScores(bad, None, 80.0),
        "c": RowScores(bad, live, 20.0),
        "d": RowScores(bad, live, 40.0),
        "e": RowScores({"blinks": 20.0}, None, 80.0),
    }
    report = Report("x", "2026-11-28", "60", None, (SetScores("made", "", "", rows),))
    assert list(judge(report)) == [
        "a: 10 of 10 goals met",
        "b: 7 of 9 goals met; p b m closed, %: 60.0, wanted at least 97 %; "
        "jitter: 200, wanted 70 to 110; nothing there tells by luck, %",
        "c, live: 2 of 3 goals met; vowels shut, %: 2.0, wanted at most 1.5 %",
    ]
    assert not list(judge(replace(report, noise_db=10.0)))


def test_what_is_printed_as_enough_is_enough() -> None:
    for auc, met in ((0.9451, True), (0.9449, False)):
        live = {"closure": 0.9596, "false_closure": 0.0154, "rounding_auc": auc - 0.09}
        rows = {"a": RowScores(live, live, 20.0)}
        (said,) = judge(Report("x", "2026-11-28", "60", None, (SetScores("made", "", "", rows),)))
        assert said.startswith(f"a, live: {3 if met else 2} of 3 goals met")
