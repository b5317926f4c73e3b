"""What is found in ratings whose truth is known."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("statsmodels", reason="the analysis needs statsmodels: pip install statsmodels")
pytest.importorskip("matplotlib", reason="pictures need matplotlib: pip install matplotlib")

from facewire.errors import ConfigError
from facewire_cli.app import app
from facewire_training.evaluation.listening.analysis.beta_means import (
    Scores,
    beta_means,
    squeezed,
)
from facewire_training.evaluation.listening.analysis.bradley_terry import Choices, strengths
from facewire_training.evaluation.listening.analysis.raters import Rules, screened
from facewire_training.evaluation.listening.analysis.report import TIES_SPREAD, analyse
from facewire_training.evaluation.listening.answers_file import Rating, write_answers
from facewire_training.evaluation.listening.coverage import (
    PAIRS_TRUTH,
    SENTENCES,
    TRUTH,
    measure,
)
from facewire_training.evaluation.listening.screens import Part
from facewire_training.evaluation.listening.simulated import simulate, study_of
from facewire_training.evaluation.listening.study import STILL, Kind, write_study

MUSHRA = study_of(TRUTH, Kind.MUSHRA, SENTENCES, SENTENCES)
PAIRS = study_of(PAIRS_TRUTH, Kind.PAIRS, 6, 30)
STUDIES = 60
LEAST = 0.95 - 4 * np.sqrt(0.95 * 0.05 / STUDIES)
"""Four standard errors below 95 %: what so many studies show of intervals that are right."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", Kind)
def test_the_intervals_of_simulated_studies_hold_the_truth(kind: Kind) -> None:
    found = measure(kind, STUDIES, raters=16)
    assert min(found.systems.values()) >= LEAST, found
    assert found.differences >= 0.92, found
    # Intervals that are too wide would hold it, too, but say nothing.
    assert np.mean(list(found.systems.values())) <= 0.985, found
    assert found.ordered > 0.9
    assert found.careful_excluded < 0.03
    assert found.careless_excluded > (0.95 if kind is Kind.MUSHRA else 0.6)


def test_the_means_of_the_model_are_near_the_plain_ones() -> None:
    _, ratings = simulate(MUSHRA, TRUTH, 20, seed=1)
    report = analyse(MUSHRA, ratings)
    assert [row.name for row in report.systems] == [*MUSHRA.systems]
    for row in report.systems:
        assert row.value == pytest.approx(row.plain, abs=2.5)
        assert 0 < row.low < row.value < row.high < 100
    assert report.systems[0].role == "reference"
    assert report.systems[-1].role == "anchor"


def test_more_raters_make_intervals_narrower() -> None:
    widths = []
    for raters in (8, 32):
        _, ratings = simulate(MUSHRA, TRUTH, raters, seed=2)
        rows = analyse(MUSHRA, ratings).systems
        widths.append(np.mean([row.high - row.low for row in rows]))
    assert widths[1] < 0.65 * widths[0]


def test_systems_that_are_alike_are_not_told_apart_and_others_are() -> None:
    alike = replace(TRUTH, systems={**TRUTH.systems, "live": 1.0})
    study = study_of(alike, Kind.MUSHRA, SENTENCES, SENTENCES)
    wrongly = 0
    for seed in range(20):
        _, ratings = simulate(study, alike, 12, seed)
        pairs = {frozenset((row.better, row.other)): row for row in analyse(study, ratings).pairs}
        wrongly += pairs[frozenset(("clear", "live"))].sure
        assert pairs[frozenset(("captured", "late"))].sure
    assert wrongly <= 3


def test_holm_makes_every_p_at_least_as_large() -> None:
    _, ratings = simulate(MUSHRA, TRUTH, 6, seed=3)
    report = analyse(MUSHRA, ratings)
    assert len(report.pairs) == 10
    assert all(0 <= row.p <= 1 for row in report.pairs)
    assert all(
        row.difference >= 0 and row.low <= row.difference <= row.high for row in report.pairs
    )
    # Corrected p keep the order that they had.
    ordered = sorted(report.pairs, key=lambda row: row.p)
    uncorrected_is_sure = [row for row in report.pairs if row.low > 0]
    assert {r.better + r.other for r in ordered if r.sure} <= {
        r.better + r.other for r in uncorrected_is_sure
    }


def test_a_reference_that_everybody_rates_100_has_an_estimate() -> None:
    _, ratings = simulate(MUSHRA, TRUTH, 8, seed=4)
    sure = [replace(one, rating=100) if one.system == "captured" else one for one in ratings]
    report = analyse(MUSHRA, sure)
    assert report.systems[0].name == "captured"
    assert report.systems[0].value > 98
    assert report.notes == (TIES_SPREAD,)
    for row in report.systems:
        assert row.value == pytest.approx(row.plain, abs=4)


def test_ratings_are_squeezed_as_smithson_and_verkuilen_do() -> None:
    values = squeezed(np.array([0.0, 50.0, 100.0]))
    assert np.allclose(values, [1 / 6, 0.5, 5 / 6])


def test_beta_regression_without_raters_or_of_one_is_refused() -> None:
    places = np.zeros(4, np.intp)
    with pytest.raises(ConfigError, match="1 raters are too few"):
        beta_means(Scores(places, places, places, np.array([1.0, 2, 3, 4])))


def of(rater: str, rows: list[tuple[int, Part, str, int]]) -> list[Rating]:
    return [
        Rating(rater, screen, part, "s", "ABCDE"[place % 5], system, rating, 1, 1.0, "t")
        for place, (screen, part, system, rating) in enumerate(rows)
    ]


def careful(rater: str, reference: int = 95, low: int = 0) -> list[Rating]:
    rows = [
        (screen, Part.TEST, system, reference if system == "captured" and screen > low else 50)
        for screen in range(1, 7)
        for system in MUSHRA.systems
    ]
    checks = [(9, Part.CHECK, STILL, 5), (9, Part.CHECK, "captured", 90)]
    return of(rater, [*rows, *checks])


def test_who_rates_the_hidden_reference_low_is_left_out_and_it_is_said_why() -> None:
    ratings = [*careful("good"), *careful("harsh", reference=79), *careful("once", low=1)]
    kept, excluded = screened(MUSHRA, ratings, Rules())
    assert {one.rater for one in kept} == {"good"}
    assert {one.rater: one.why for one in excluded} == {
        "harsh": "rated the hidden reference below 80 on 6 of 6 screens",
        "once": "rated the hidden reference below 80 on 1 of 6 screens",
    }
    kept, _ = screened(MUSHRA, ratings, Rules(reference_at_least=75, low_share=0.2))
    assert {one.rater for one in kept} == {"good", "harsh", "once"}
    assert all(one.part is Part.TEST for one in kept)


def test_who_misses_checks_or_stops_early_is_left_out() -> None:
    asleep = [
        replace(one, rating=90) if one.part is Part.CHECK else one for one in careful("asleep")
    ]
    gone = [one for one in careful("gone") if one.screen < 3]
    kept, excluded = screened(MUSHRA, [*careful("good"), *asleep, *gone], Rules())
    assert {one.rater for one in kept} == {"good"}
    assert {one.rater: one.why for one in excluded} == {
        "asleep": "missed 1 of 1 attention checks",
        "gone": "rated 2 of 6 screens",
    }


def test_nobody_left_is_told_with_the_first_reason() -> None:
    told = "no rater has answers that count: 1 are left out, first: rated .*; let more people rate"
    with pytest.raises(ConfigError, match=f"{told} with .* serve, or count .*--reference-at-least"):
        analyse(MUSHRA, careful("harsh", reference=10))
    with pytest.raises(ConfigError, match=f"{told} with facewire bench listen serve$"):
        analyse(MUSHRA, [one for one in careful("gone") if one.screen < 3])


def test_a_screen_that_was_cut_off_counts_for_nothing() -> None:
    whole = careful("good")
    cut = [one for one in careful("cut") if one.screen != 6 or one.slot < "C"]
    kept, _ = screened(MUSHRA, [*whole, *cut], Rules())
    assert {one.screen for one in kept if one.rater == "good"} == {1, 2, 3, 4, 5, 6}
    assert {one.screen for one in kept if one.rater == "cut"} == {1, 2, 3, 4, 5}


def test_a_system_that_the_study_does_not_know_is_told() -> None:
    stray = [replace(one, system="stray") if one.slot == "B" else one for one in careful("good")]
    with pytest.raises(ConfigError, match="the ratings name stray, no systems of the study"):
        analyse(MUSHRA, stray)


def test_of_two_systems_the_share_is_that_of_the_wins() -> None:
    generator = np.random.default_rng(0)
    count = 4_000
    left = generator.integers(0, 2, count)
    first_wins = generator.random(count) < 0.7
    chosen = np.where(left == 0, first_wins, ~first_wins)
    found = strengths(Choices(left, 1 - left, np.arange(count) % 20, chosen, 2))
    share = 1 / (1 + np.exp(-(found.values[0] - found.values[1])))
    assert share == pytest.approx(first_wins.mean(), abs=0.005)
    assert found.side == pytest.approx(0.5, abs=0.03)


def test_who_always_wins_has_no_bound_and_it_is_said() -> None:
    truth = replace(PAIRS_TRUTH, systems={**PAIRS_TRUTH.systems, "captured": 30.0}, taste_sd=0.0)
    _, ratings = simulate(PAIRS, truth, 6, seed=0)
    report = analyse(PAIRS, ratings)
    assert report.systems[0].name == "captured"
    assert report.systems[0].plain == 100
    assert report.systems[0].high < 100
    assert any("has no bound" in note for note in report.notes)


def test_systems_that_were_never_compared_are_told() -> None:
    places = np.array([0, 2, 0, 2, 0, 2])
    with pytest.raises(ConfigError, match="never compared"):
        strengths(Choices(places, places + 1, np.array([0, 0, 1, 1, 2, 2]), places == 0, 4))


@pytest.mark.parametrize("kind", Kind)
def test_the_command_prints_tables_and_writes_json_and_a_picture(
    tmp_path: Path, kind: Kind
) -> None:
    study, truth = (MUSHRA, TRUTH) if kind is Kind.MUSHRA else (PAIRS, PAIRS_TRUTH)
    write_study(tmp_path, study)
    write_answers(tmp_path, *simulate(study, truth, 12, seed=5, careless=3))
    words = ["bench", "listen", "analyse", str(tmp_path)]
    files = ["--json", str(tmp_path / "r.json"), "--plot", str(tmp_path / "r.png")]
    result = CliRunner().invoke(app, words + files, env={"COLUMNS": "200"}, catch_exceptions=False)
    assert result.exit_code == 0
    for name in study.systems:
        assert name in result.stdout
    assert "left out: " in result.stdout
    assert "attention checks" in result.stdout
    report = json.loads((tmp_path / "r.json").read_bytes())
    assert [row["name"] for row in report["systems"]] == [*study.systems]
    assert report["raters"] + len(report["excluded"]) == 15
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")


def test_bad_options_of_the_command_are_told(tmp_path: Path) -> None:
    write_study(tmp_path, msgspec.structs.replace(MUSHRA, title="t"))
    runner = CliRunner()
    for words, sentence in (
        ([str(tmp_path)], "nobody has rated"),
        ([str(tmp_path / "none")], "holds no study"),
        ([str(tmp_path), "--plot", str(tmp_path / "no" / "x.png")], "is no folder to write to"),
    ):
        result = runner.invoke(app, ["bench", "listen", "analyse", *words])
        assert isinstance(result.exception, ConfigError)
        assert sentence in str(result.exception)


def test_without_statsmodels_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    write_study(tmp_path, MUSHRA)
    write_answers(tmp_path, *simulate(MUSHRA, TRUTH, 4, seed=6))
    code = (
        "import sys; sys.modules['statsmodels'] = None;"
        f"sys.argv = ['facewire', 'bench', 'listen', 'analyse', {str(tmp_path)!r}];"
        "from facewire_cli.__main__ import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False
    )
    assert result.returncode == 2
    assert result.stderr.startswith("facewire: the analysis needs statsmodels; install it with")
