import importlib.util
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire import arkit
from facewire.errors import ConfigError
from facewire.face.lips import linear_gap, lip_gap, lip_width
from facewire_engines.phones.phone_set import INDEX
from facewire_training.animation.lip_solver import SHAPES, solve
from facewire_training.command import run_command
from facewire_training.data.capture import Capture, silences
from facewire_training.data.corpora.face_landmarks import ANCHORS, CORNERS, INNER_LIPS, measure
from facewire_training.data.corpora.facegood import Facegood
from facewire_training.data.corpora.grid import Grid
from facewire_training.data.corpora.grid_words import Pronouncer, TimedWord, read_words
from facewire_training.data.prepare_captures import Job, make
from facewire_training.data.recognisers import recogniser
from facewire_training.data.shards import UNKNOWN
from facewire_training.data.splits import FACEGOOD
from facewire_training.evaluation import captures as evaluate_captures
from facewire_training.evaluation.metrics.errors.captures import (
    amplitude,
    compare,
    follows,
    velocity,
)
from facewire_training.take import Take

JAW = arkit.INDEX["jawOpen"]
JAW_ONLY = np.isin(arkit.NAMES, ["jawOpen"])


def jaws(values: list[float]) -> np.ndarray:
    weights = np.zeros((len(values), arkit.COUNT), np.float32)
    weights[:, JAW] = values
    weights[np.isnan(values)] = np.nan
    return weights


def captured(values: list[float], seconds: float = 0.2, start_s: float = 0.0) -> Capture:
    rng = np.random.default_rng(0)
    samples = rng.uniform(-0.5, 0.5, round(seconds * 16_000)).astype(np.float32)
    return Capture(
        "clip", samples, jaws(values), JAW_ONLY, Fraction(25), "tiny", "somebody", start_s
    )


def test_between_frames_the_face_is_interpolated_without_overshoot() -> None:
    capture = captured([0.0, 0.0, 0.4, 0.4])
    faces, seen = capture.at(np.array([0.0, 0.02, 0.04, 0.06, 0.10]))
    assert seen.all()
    np.testing.assert_allclose(faces[:, JAW], [0.0, 0.0, 0.0, 0.2, 0.4], atol=1e-6)


def test_moments_beside_a_frame_without_a_face_are_not_seen() -> None:
    capture = captured([0.1, 0.2, float("nan"), 0.4, 0.5])
    times = np.array([0.0, 0.039, 0.041, 0.08, 0.119, 0.121, 0.16, 0.19, 0.21, -0.03, -0.05])
    faces, seen = capture.at(times)
    expected = [True, True, False, False, False, True, True, True, False, True, False]
    assert seen.tolist() == expected
    assert not faces[~seen].any()


def test_a_capture_that_lags_is_moved_to_its_sound() -> None:
    capture = captured([0.0, 0.5, 0.0], start_s=-0.01)
    faces, _ = capture.at(np.array([0.03]))
    assert faces[0, JAW] == pytest.approx(0.5)


def test_tokens_trust_only_shapes_that_were_captured() -> None:
    capture = captured([0.2, 0.2, 0.2, 0.2], seconds=0.105)
    curves, known = capture.tokens()
    assert curves.shape == known.shape == (10, arkit.COUNT)
    assert known[:, JAW].all()
    assert known.sum() == 10
    np.testing.assert_allclose(curves[:, JAW], 0.2, atol=1e-6)


def test_only_lasting_quiet_is_silence() -> None:
    rng = np.random.default_rng(1)
    noise = rng.uniform(-0.3, 0.3, 16_000).astype(np.float32)
    noise[4_000:5_600] = 0
    noise[8_000:12_800] = 0
    found = silences(noise)
    assert len(found) == 1
    assert found[0].label == "sil"
    assert found[0].start_s == pytest.approx(0.55, abs=0.04)
    assert found[0].end_s == pytest.approx(0.75, abs=0.04)


def test_solved_weights_have_the_measured_gap_and_width() -> None:
    gap = np.array([0.05, 0.2, 0.4, 0.3, 0.1, 0.6])
    width = np.array([0.0, 0.1, -0.15, -0.2, -0.18, -0.05])
    jaw = np.array([0.1, 0.1, 0.3, 0.2, 0.3, 0.4])
    weights = solve(gap, width, jaw)
    np.testing.assert_allclose(lip_gap(weights), gap, atol=0.005)
    np.testing.assert_allclose(lip_width(weights), width, atol=0.01)
    assert weights.min() >= 0
    assert not weights[:, ~np.isin(arkit.NAMES, SHAPES)].any()


def test_lips_that_touch_are_pressed() -> None:
    weights = solve(np.zeros(2), np.zeros(2), np.array([0.0, 0.3]))
    assert lip_gap(weights).tolist() == [0.0, 0.0]
    assert weights[1] @ linear_gap() < -0.04


def test_a_frame_without_a_face_stays_without() -> None:
    weights = solve(np.array([0.1, np.nan]), np.zeros(2), np.zeros(2))
    assert np.isnan(weights[1]).all()
    assert not np.isnan(weights[0]).any()


def test_the_mouth_is_measured_whatever_the_head_does() -> None:
    rng = np.random.default_rng(2)
    numbers = [*ANCHORS, *(n for pair in INNER_LIPS for n in pair), *CORNERS]
    place = {number: index for index, number in enumerate(numbers)}
    head = rng.uniform(-40, 40, (len(numbers), 3))
    head[place[33]], head[place[263]] = (-50, 0, 0), (50, 0, 0)
    head[place[CORNERS[0]]], head[place[CORNERS[1]]] = (-30, 60, 0), (30, 60, 0)
    for upper, lower in INNER_LIPS:
        head[place[upper]], head[place[lower]] = (0, 55, 0), (0, 65, 0)
    points = np.stack([moved(head, angle, scale) for angle, scale in ((0, 1), (0.2, 1.3), (-1, 2))])
    points[1:2] = points[0]
    mouth = measure(np.concatenate((points, np.full((1, *head.shape), np.nan))), numbers)
    np.testing.assert_allclose(mouth.width[:3], 0.6, rtol=1e-6)
    np.testing.assert_allclose(mouth.opening[:3], mouth.opening[0], rtol=1e-6)
    assert np.isnan(mouth.width[3])


def moved(head: np.ndarray, angle: float, scale: float) -> np.ndarray:
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    return np.asarray(scale * head @ turn + 5)


def test_a_face_that_moves_in_proportion_follows_perfectly() -> None:
    truth = captured([0.0, 0.4, 0.1, 0.3])
    half = Take(truth.weights * np.float32(0.5), Fraction(25), ())
    values = compare([half], [truth])
    assert values["jaw_r"] == values["gap_r"] == values["width_r"] == pytest.approx(1.0)
    assert values["gap_amplitude"] == values["gap_velocity"] == pytest.approx(0.5)


def test_correlation_is_that_of_frames_with_a_face() -> None:
    # Of 1 2 3 4 against 1 3 2 4: covariance 4, both variances 5.
    truth = captured([0.1, 0.2, float("nan"), 0.3, 0.4])
    take = Take(jaws([0.1, 0.3, 0.9, 0.2, 0.4]), Fraction(25), ())
    assert follows([take], [truth])["jaw_r"] == pytest.approx(0.8, abs=1e-6)
    # Speeds, without the two steps beside the hole: .2 + .2 against .1 + .1.
    assert velocity([take], [truth]) == pytest.approx(2.0, abs=1e-5)
    assert amplitude([take], [truth]) == pytest.approx(1.0, abs=1e-5)


def test_a_face_that_does_not_move_follows_nothing() -> None:
    still = Take(jaws([0.2, 0.2]), Fraction(25), ())
    assert np.isnan(follows([still], [captured([0.1, 0.4])])["gap_r"])


def test_shards_of_captures_say_what_is_known(tmp_path: Path) -> None:
    capture = captured([0.2, 0.3, float("nan"), 0.3, 0.2, 0.1, 0.1, 0.1], seconds=0.32)
    capture.samples[:4_000] = 0
    shard = make(Job(tmp_path / "tiny", lambda: iter([capture]), {}), recogniser(None))
    curves = np.load(tmp_path / "tiny.curves.npy")
    known = np.load(tmp_path / "tiny.known.npy")
    effort = np.load(tmp_path / "tiny.effort.npy")
    assert curves.shape == known.shape == (32, arkit.COUNT)
    assert effort.shape == shard.labels.shape == (32,)
    assert curves.dtype == effort.dtype == np.float16
    assert not known[4:12].any()
    assert known[12:, JAW].all()
    assert shard.labels[0] == INDEX["sil"]
    assert (shard.labels[25:] == UNKNOWN).all()


def test_facegood_is_read_by_the_names_of_its_header(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "arkit").mkdir()
    for name in ("one", min(FACEGOOD.validation), min(FACEGOOD.test)):
        soundfile.write(tmp_path / "audio" / f"{name}.wav", np.zeros(1600), 16_000)
        (tmp_path / "audio" / f"{name}.wav").rename(tmp_path / "audio" / f"{name}.opus")
        table = "time_s,mouthPucker,_other,jawOpen\n0.0,0.25,9,0.5\n0.0333,0,9,0.75\n"
        (tmp_path / "arkit" / f"{name}.csv").write_text(table)
    (train,) = Facegood(tmp_path).train()
    (held_out,) = Facegood(tmp_path).validation()
    (test,) = Facegood(tmp_path).test()
    assert (train.name, held_out.name) == ("one", min(FACEGOOD.validation))
    assert test.name == min(FACEGOOD.test)
    assert train.weights[:, JAW].tolist() == [0.5, 0.75]
    assert train.weights[:, arkit.INDEX["mouthPucker"]].tolist() == [0.25, 0.0]
    assert train.weights.sum() == 1.5


def test_a_folder_that_is_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give the GRID folder"):
        next(Grid(tmp_path).train())
    with pytest.raises(ConfigError, match="give the FACEGOOD folder"):
        next(Facegood(tmp_path).train())


def test_the_phones_of_a_word_share_its_time() -> None:
    pytest.importorskip("pocketsphinx", reason="install it: pip install pocketsphinx")
    phones = Pronouncer().spread([TimedWord(0.2, 0.6, "bin"), TimedWord(0.6, 0.9, "sil")], 1.0)
    assert [phone.label for phone in phones] == ["sil", "b", "ih", "n", "sil"]
    assert [phone.end_s for phone in phones] == pytest.approx([0.2, 0.3, 0.5, 0.6, 1.0])


def test_grid_is_split_by_position_and_its_lips_close(data_dir: Path) -> None:
    grid = Grid(data_dir / "grid_s1")
    train, held_out, test = list(grid.train()), list(grid.validation()), list(grid.test())
    assert (len(train), len(held_out), len(test)) == (760, 200, 40)
    assert len({c.name for c in [*train, *held_out, *test]}) == 1000
    weights = np.concatenate([c.weights[c.seen()] for c in held_out])
    assert 0.1 < (lip_gap(weights) == 0).mean() < 0.6
    assert np.percentile(lip_gap(weights), 95) == pytest.approx(0.4, abs=0.1)
    assert set(read_words(data_dir / "grid_s1" / "words.tsv.gz")) >= {c.name for c in held_out}


def test_a_jaw_that_follows_loudness_follows_captures_somewhat(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime")
    out = tmp_path / "report.json"
    arguments = ["--data", str(data_dir), "--clips", "2", "--lookahead-ms", "40"]
    evaluate_captures.main([*arguments, "--json", str(out)])
    assert "volume meter" in capsys.readouterr().out
    report = json.loads(out.read_text())
    heard, said = report["FACEGOOD"]["oracle, as heard"], report["GRID speaker 1"]
    assert heard["gap_r"] > 0.5
    assert "round_r" not in said["volume meter"]
    # The words are only known where there is a dictionary to pronounce them.
    if importlib.util.find_spec("pocketsphinx"):
        oracle = said["oracle, by words"]
        assert oracle["gap_r"] > 0.4
        assert oracle["round_r"] > 0.2


def test_a_folder_without_captures_is_the_users_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as status:
        run_command(lambda: evaluate_captures.main(["--data", str(tmp_path)]))
    assert status.value.code == 2
    assert "give the GRID folder" in capsys.readouterr().err
