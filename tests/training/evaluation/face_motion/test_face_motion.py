import json
from pathlib import Path

import numpy as np
import pytest

from facewire import arkit
from facewire_training.evaluation.face_motion.measure import main
from facewire_training.evaluation.face_motion.motion import RATE, Motion
from facewire_training.evaluation.face_motion.points import MEASURES, of_landmarks, of_shapes
from facewire_training.evaluation.face_motion.statistics import (
    blinks_a_minute,
    blinks_near_ends,
    movement,
)


@pytest.fixture
def data(data_dir: Path) -> Path:
    for needed in ("grid_s1/tracks.npz", "ict_facekit/ict_expression_basis.npz"):
        if not (data_dir / needed).exists():
            pytest.skip(f"there is no {needed} in {data_dir}")
    return data_dir


def motion(curve: np.ndarray, lids: np.ndarray | None = None) -> Motion:
    shut = np.zeros(len(curve)) if lids is None else lids
    return Motion(begin_s=1.0, end_s=2.0, curves={"brows": curve}, lids=shut)


def test_speech_and_pauses_are_told_apart_without_what_is_between() -> None:
    clip = motion(np.zeros(3 * RATE))
    assert (clip.in_speech().sum(), clip.in_pause().sum()) == (25, 18 + 17)
    assert not np.any(clip.in_speech() & clip.in_pause())


def test_a_ramp_in_speech_has_its_speed_and_pauses_none() -> None:
    times = np.arange(3 * RATE) / RATE
    found = movement([motion(np.clip(times - 1, 0, 1) * 4)], "brows")
    assert found.speed == pytest.approx(4.0, rel=0.1)
    assert found.pause_speed == 0
    assert found.calmest == 0
    assert found.deviation == pytest.approx(4 / np.sqrt(12), rel=0.1)


def test_unseen_faces_and_blinks_do_not_count() -> None:
    curve, lids = np.zeros(3 * RATE), np.zeros(3 * RATE)
    curve[30:33], lids[30:33] = 5.0, 0.9
    curve[10:12] = np.nan
    found = movement([motion(curve, lids)], "brows")
    assert found.deviation == found.speed == found.pause_deviation == 0
    still = movement([motion(curve)], "brows")
    assert still.deviation > 1


def test_blinks_are_counted_and_placed() -> None:
    lids = np.zeros(60 * RATE)
    lids[50:54] = lids[500:504] = 0.8
    long = Motion(begin_s=1.0, end_s=2.2, curves={}, lids=lids)
    assert blinks_a_minute([long]) == pytest.approx(2.0)
    assert blinks_near_ends([long]) == 1.0
    assert blinks_near_ends([motion(np.zeros(75), np.zeros(75))]) == 0.0


def test_a_tilt_is_left_above_right_and_up_is_up() -> None:
    numbers = [70, 300]
    points = np.zeros((1, 2, 3))
    points[0, 1, 1] = -2.0  # Landmarks' y is down.
    assert of_landmarks(MEASURES["outer brows, left above right"], points, numbers) == [2.0]
    assert of_landmarks(MEASURES["outer brows, up"], points, numbers) == [1.0]


def test_shapes_of_the_face_model_move_what_they_are_called_after(data: Path) -> None:
    moved = of_shapes(data / "ict_facekit")
    assert moved["inner brows, up"][arkit.INDEX["browInnerUp"]] > 3
    assert moved["inner brows, up"][arkit.INDEX["browDownLeft"]] < -0.5
    assert moved["mouth, to the left"][arkit.INDEX["mouthLeft"]] > 5
    assert moved["chin, to the left"][arkit.INDEX["jawRight"]] < -5
    assert moved["corners, left above right"][arkit.INDEX["mouthSmileLeft"]] > 5
    assert moved["lower lids, up"][arkit.INDEX["eyeSquintRight"]] > 0.5


def test_the_shown_face_moves_as_a_person_does(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Within three times either way in speech, and no more than he does in pauses."""
    out = tmp_path / "motion.json"
    main(["--data", str(data), "--clips", "40", "--json", str(out)])
    report = json.loads(out.read_text())
    assert report["clips"] == 40
    person, shown = report["person"], report["shown"]
    for name in ("inner brows, up", "mouth, to the left", "corners, left above right"):
        assert (
            person[name]["deviation"] / 3 < shown[name]["deviation"] < 3 * person[name]["deviation"]
        )
        assert 0.05 < shown[name]["pause_speed"] <= person[name]["pause_speed"], name
        assert shown[name]["speed"] > shown[name]["pause_speed"], name
    assert 10 < shown["blinks"]["a_minute"] < 30
    assert "blinks a minute" in capsys.readouterr().out
