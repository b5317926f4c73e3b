import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console
from typer.testing import CliRunner

from facewire import arkit
from facewire.errors import ConfigError
from facewire.report_file import write_report
from facewire_cli.app import app
from facewire_engines.phones.phone_set import INDEX
from facewire_training.animation.procedural import animate
from facewire_training.data.adapters.clip import Clip, Face, clip_of
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.evaluation.quality.babble import with_babble
from facewire_training.evaluation.quality.figures import BY_KEY, FIGURES, written
from facewire_training.evaluation.quality.material import Material, load_material, spread
from facewire_training.evaluation.quality.report import Report, read_report
from facewire_training.evaluation.quality.request import Request
from facewire_training.evaluation.quality.rows import make_rows
from facewire_training.evaluation.quality.run import SetScores, measure
from facewire_training.evaluation.quality.scores import score_live, truth_of
from facewire_training.evaluation.quality.table import print_report
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def spoken(name: str, seed: int) -> Utterance:
    """Make a sentence of syllables whose loudness goes with their vowels, with a pause after it."""
    rng = np.random.default_rng(seed)
    labels = ["sil", *rng.choice(["p", "aa", "uw", "s", "iy", "m", "ae", "f", "t"], 60), "sil"]
    ends = 0.1 * np.arange(1, len(labels) + 1)
    phones = [
        PhoneInterval(end - 0.1, end, INDEX[label]) for label, end in zip(labels, ends, strict=True)
    ]
    phones.append(PhoneInterval(float(ends[-1]), float(ends[-1]) + 1.0, 0))
    loud = np.array([0.2 if label in ("aa", "ae", "uw", "iy") else 0.02 for label in labels])
    level = np.concatenate([np.repeat(loud, 1600), np.zeros(16_000)])
    samples = (level * np.sin(np.arange(len(level)) * 0.2)).astype(np.float32)
    return Utterance(name, samples, tuple(phones), "nobody", "made")


def captured(utterance: Utterance) -> Clip:
    """Give an utterance the face that its phones call for, at 30 frames a second."""
    times_s = np.arange(int(30 * utterance.duration_s)) / 30
    weights = animate(utterance.phones, times_s, np.zeros(len(times_s), np.float32))
    return clip_of(utterance, Face(weights, Fraction(30)))


def run(request: Request, *clips: Clip) -> SetScores:
    rows = make_rows(request.rows, request.lookaheads_ms)
    (scores,) = measure(request, Material({"made": list(clips)}, None), rows, lambda *_: None)
    return scores


def of_meter_and_oracle(folder: Path) -> SetScores:
    request = Request(folder, rows=("oracle", "meter"))
    return run(request, Clip(spoken("one", 1)), Clip(spoken("two", 2)))


def report_of(*sets: SetScores) -> Report:
    return Report("facewire bench quality --data DATA", "2026-11-21", "60", None, sets)


def test_the_oracle_knows_and_a_volume_meter_does_not(tmp_path: Path) -> None:
    scores = of_meter_and_oracle(tmp_path)
    oracle, meter = scores.rows["oracle"].content, scores.rows["volume meter"].content
    assert scores.reference == "the oracle"
    assert (oracle["closure"], oracle["false_closure"], oracle["teeth_on_lip"]) == (1.0, 0.0, 1.0)
    assert oracle["rounding_auc"] > 0.9 > meter["rounding_auc"]
    assert oracle["labial_auc"] > meter["labial_auc"]
    assert (oracle["stillness"], oracle["lag_ms"], oracle["lve"]) == (0.0, 0.0, 0.0)
    assert (oracle["amplitude"], oracle["velocity"]) == (1.0, 1.0)
    assert oracle["bcs"] == pytest.approx(0.7, abs=0.1)
    assert meter["amplitude"] < 1.0 < 1.0 + meter["lve"]
    assert "gap_r" not in oracle


def test_live_timing_is_later_and_only_for_what_is_live(tmp_path: Path) -> None:
    scores = of_meter_and_oracle(tmp_path)
    assert scores.rows["oracle"].live is None
    meter = scores.rows["volume meter"]
    assert meter.live is not None
    assert meter.live["lag_ms"] == pytest.approx(meter.content["lag_ms"] + 47.5, abs=2.5)
    assert set(meter.live) <= {figure.key for figure in FIGURES if figure.live}


def test_live_timing_counts_milliseconds_and_not_frames() -> None:
    """A mouth that shuts for 100 ms, 20 ms and 80 ms late, at 10 ms a frame and at 60 a second."""
    p, aa = (INDEX[label] for label in ("p", "aa"))
    phones = tuple(
        PhoneInterval(begin, begin + length, index)
        for start in range(20)
        for begin, length, index in ((start, 0.1, p), (start + 0.1, 0.9, aa))
    )
    for rate in (Fraction(100), Fraction(60)):
        times = np.arange(int(20 * rate)) / float(rate)
        weights = np.zeros((len(times), arkit.COUNT), np.float32)
        weights[:, arkit.INDEX["jawOpen"]] = 0.5 * (times % 1 >= 0.1)
        take = Take(weights, rate, phones)
        truth = truth_of([], [take], None)
        for delay_ms in (0, 20, 80):
            live = score_live([take], delay_ms, truth)
            assert live["lag_ms"] == pytest.approx(delay_ms, abs=2.5)
            assert live["onset_ms"] == pytest.approx(delay_ms, abs=0.1)
            assert live["closure"] == 1.0
        # Of 100 ms of p, the lips stay apart for the first 90 and shut in the last 10.
        assert score_live([take], 90, truth)["closure"] == 1.0
        assert score_live([take], 130, truth)["closure"] == pytest.approx(0.0, abs=0.06)


def test_a_shut_mouth_that_comes_late_shuts_the_vowels_that_are_short() -> None:
    p, aa = (INDEX[label] for label in ("p", "aa"))
    phones = tuple(
        PhoneInterval(0.2 * place + begin, 0.2 * place + end, index)
        for place in range(50)
        for begin, end, index in ((0.0, 0.1, p), (0.1, 0.2, aa))
    )
    weights = np.zeros((1000, arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = 0.5 * (np.arange(1000) % 20 >= 10)
    take = Take(weights, Fraction(100), phones)
    truth = truth_of([], None, None)
    shut = {ms: score_live([take], ms, truth)["false_closure"] for ms in (0, 20, 40, 60, 80)}
    # The median is shut once more than half of the vowel is.
    assert [shut[ms] for ms in (0, 20, 40)] == [0.0, 0.0, 0.0]
    assert [shut[ms] for ms in (60, 80)] == [1.0, 1.0]


def test_true_faces_are_the_reference_and_a_row(tmp_path: Path) -> None:
    scores = run(Request(tmp_path, rows=("captured", "meter")), captured(spoken("one", 1)))
    assert scores.reference == "captured faces"
    true, meter = scores.rows["true face"].content, scores.rows["volume meter"].content
    assert true["gap_r"] == pytest.approx(1.0)
    assert true["lve"] == 0.0
    assert 0.3 < meter["jaw_r"] < 1


def test_without_phones_there_is_no_oracle_and_no_closure(tmp_path: Path) -> None:
    clip = captured(spoken("one", 1))
    silent = Clip(
        Utterance("one", clip.utterance.samples, (), "nobody", "made"), motion=clip.motion
    )
    scores = run(Request(tmp_path, rows=("oracle", "meter")), silent)
    assert set(scores.rows) == {"volume meter"}
    assert "closure" not in scores.rows["volume meter"].content
    assert scores.rows["volume meter"].content["gap_r"] > 0.3


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


def test_babble_is_as_far_below_the_speech_as_asked_and_always_the_same() -> None:
    one, others = spoken("one", 1), [spoken(str(seed), seed) for seed in range(2, 8)]
    noisy = with_babble(one, others, 10.0, seed=5)
    noise = noisy.samples - one.samples
    ratio = np.mean(one.samples**2) / np.mean(noise**2)
    assert 10 * np.log10(ratio) == pytest.approx(10.0, abs=0.1)
    alone = with_babble(one, others, 10.0, seed=5, talkers=1).samples - one.samples
    voice = [np.abs(np.fft.rfft(other.samples)) for other in others]
    heard = np.abs(np.fft.rfft(alone))
    assert max(np.corrcoef(heard, spectrum)[0, 1] for spectrum in voice) > 0.99
    again = with_babble(one, others, 10.0, seed=5)
    np.testing.assert_array_equal(noisy.samples, again.samples)
    assert (with_babble(one, others, 10.0, seed=6).samples != noisy.samples).any()
    assert noisy.phones == one.phones


def said_by(speaker: str, corpus: str = "made", name: str = "") -> Clip:
    return Clip(Utterance(name or speaker, np.ones(160, np.float32), (), speaker, corpus))


def test_voices_in_the_background_are_other_peoples() -> None:
    ann, bob = said_by("ann", name="1"), said_by("bob")
    noise = said_by("wind", "nospeech")
    one = said_by("1", "grid")
    material = Material({"a": [ann, said_by("ann", name="2"), bob], "b": [noise], "c": [one]}, None)
    assert material.strangers(ann.utterance) == [bob.utterance]
    elsewhere = [clip.utterance for clip in material.sets["a"]]
    assert material.strangers(one.utterance) == elsewhere
    with pytest.raises(ConfigError, match="only ann speaks here"):
        Material({"a": [ann]}, None).strangers(ann.utterance)


def test_what_a_capture_does_not_show_says_nothing(tmp_path: Path) -> None:
    utterance = spoken("one", 1)
    whole = captured(utterance)
    assert whole.face is not None
    known = np.array([name in ("jawOpen", "mouthPucker") for name in arkit.NAMES])
    partial = clip_of(utterance, Face(whole.face.weights * known, Fraction(30), known))
    request = Request(tmp_path, rows=("captured", "oracle"))
    found = run(request, partial).rows
    true, oracle = found["true face"].content, found["oracle"].content
    assert oracle["lve"] == pytest.approx(0, abs=0.05)
    assert oracle["amplitude"] == pytest.approx(1, abs=0.05)
    assert oracle["jitter"] == pytest.approx(true["jitter"], rel=0.2)
    assert not {"fdd", "mve", "lip_mm"} & set(oracle)


def test_clips_are_spread_over_the_set() -> None:
    assert spread(list(range(10)), 4) == [0, 3, 6, 9]
    assert spread([1, 2], 5) == [1, 2]
    assert spread([1, 2], None) == [1, 2]


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
        (["--data", str(tmp_path), "--lookahead-ms", "900"], "out of range"),
        (["--data", str(tmp_path), "--json", str(tmp_path / "no" / "q.json")], "no folder"),
    ):
        result = runner.invoke(app, ["bench", "quality", *words])
        assert isinstance(result.exception, ConfigError)
        assert told in str(result.exception)


def test_beat2_needs_its_matrix(tmp_path: Path) -> None:
    (tmp_path / "smplxflame_30").mkdir()
    with pytest.raises(ConfigError, match="--matrix"):
        load_material(Request(tmp_path))


def test_test_voices_wait_for_somebody_who_aligns_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("pocketsphinx", reason="pip install pocketsphinx")
    for name in ("librispeech_251", "speechocean762_train"):
        (tmp_path / name).mkdir()
    for table in ("text.txt", "utt2spk.txt"):
        (tmp_path / "speechocean762_train" / table).touch()
    found = load_material(Request(tmp_path, split="test"))
    assert found.sets == {"speechocean762, test speakers": []}
    assert "--teacher" in caplog.text


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
