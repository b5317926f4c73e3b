import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire.sinks.live_link_csv import COLUMNS
from facewire_training import shape_sets
from facewire_training.data.adapters.beat2 import Beat2
from facewire_training.data.adapters.captured_face import read_face
from facewire_training.data.adapters.folder import Folder
from facewire_training.data.adapters.grid import Grid
from facewire_training.data.beat.flame import read_matrix
from facewire_training.data.splits import GRID_TEST

JAW, CLOSE = arkit.INDEX["jawOpen"], arkit.INDEX["mouthClose"]


def silence(path: Path, seconds: float = 1.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(int(16_000 * seconds), np.float32), 16_000)


def table(path: Path, rate: float, frames: int = 4) -> Path:
    lines = ["time_s,mouthClose,JawOpen,mouthSmileLeft,mouthSmileRight,notes"]
    lines += [f"{n / rate:.5f},0.{n},0.5,0,0,7" for n in range(frames)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("measured", "meant"), [(30, Fraction(30)), (59.94, Fraction(60000, 1001)), (25, Fraction(25))]
)
def test_a_table_is_read_by_its_names_and_its_times(
    tmp_path: Path, measured: float, meant: Fraction
) -> None:
    face = read_face(table(tmp_path / "face.csv", measured, 9))
    assert face.frame_rate == meant
    assert face.weights.shape == (9, arkit.COUNT)
    np.testing.assert_allclose(face.weights[:4, CLOSE], [0.0, 0.1, 0.2, 0.3], atol=1e-6)
    assert face.weights[2, JAW] == 0.5
    assert face.weights.sum() == pytest.approx(9 * 0.5 + 3.6)


def test_live_link_recordings_are_read(tmp_path: Path) -> None:
    with (tmp_path / "face.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for frame in range(40):
            values = [0.25 if name == "JawOpen" else 0.0 for name in COLUMNS[2:]]
            rows.writerow([f"00:00:0{frame // 30}:{frame % 30:02}.000", 61, *values])
    face = read_face(tmp_path / "face.csv")
    assert face.frame_rate == 30
    assert face.weights[:, JAW].tolist() == [0.25] * 40
    assert face.weights.sum() == 10


def test_archives_are_read_by_their_names(tmp_path: Path) -> None:
    names = ["jawOpen", "mouthClose", "mouthFunnel", "mouthPucker"]
    weights = np.tile(np.array([0.5, 0.25, 0, 0], np.float32), (3, 1))
    np.savez(tmp_path / "a.npz", weights=weights, names=names, frame_rate=[30000, 1001])
    face = read_face(tmp_path / "a.npz")
    assert face.frame_rate == Fraction(30000, 1001)
    assert (face.weights[0, JAW], face.weights[0, CLOSE]) == (0.5, 0.25)
    np.savez(tmp_path / "b.npz", weights=weights, names=names)
    assert read_face(tmp_path / "b.npz", Fraction(60)).frame_rate == 60
    with pytest.raises(ConfigError, match="frame rate"):
        read_face(tmp_path / "b.npz")


def test_a_face_knows_which_shapes_it_shows(tmp_path: Path) -> None:
    table(tmp_path / "seen.csv", 30)
    silence(tmp_path / "seen.wav")
    names = (tmp_path / "seen.csv").read_text().splitlines()[0].lower().split(",")
    shown = [name for name in arkit.NAMES if name.lower() in names]
    known = read_face(tmp_path / "seen.csv").known
    assert known is not None
    assert [arkit.NAMES[place] for place in np.flatnonzero(known)] == shown
    (clip,) = Folder(tmp_path, captured=["jawOpen"]).clips()
    assert clip.face is not None
    assert clip.face.known is not None
    assert np.flatnonzero(clip.face.known).tolist() == [JAW]


def test_what_is_no_face_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("word,start\nhello,0\n")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "torn.csv").write_text(
        "time_s,jawOpen,mouthClose,mouthLeft,mouthRight\n0,0,x,0,0\n"
    )
    for name in ("words.csv", "other.npz", "text.npz", "torn.csv", "missing.csv"):
        with pytest.raises(ConfigError, match=name):
            read_face(tmp_path / name)


def test_a_folder_puts_together_what_has_the_same_name(tmp_path: Path) -> None:
    for name in ("both", "spoken", "seen", "alone"):
        silence(tmp_path / "audio" / f"{name}.wav")
    table(tmp_path / "both.csv", 30)
    table(tmp_path / "seen.csv", 30)
    for name in ("both", "spoken"):
        (tmp_path / f"{name}.lab").write_text("0.2 0.5 m\n")
    clips = {clip.utterance.name: clip for clip in Folder(tmp_path).clips()}
    assert set(clips) == {"both", "spoken", "seen"}
    labels = [phone.label for phone in clips["both"].utterance.phones]
    assert labels == ["sil", "m", "sil"]
    assert clips["both"].face is not None
    assert clips["both"].face.phones == clips["both"].utterance.phones
    assert clips["spoken"].face is None
    assert clips["spoken"].motion is None
    assert clips["seen"].utterance.phones == ()
    assert clips["seen"].motion is not None
    assert clips["seen"].motion.curves["jaw"].tolist() == [0.5] * 4
    assert [c.utterance.name for c in Folder(tmp_path, only=["seen"]).clips()] == ["seen"]


def test_a_folder_of_nothing_says_what_it_needs(tmp_path: Path) -> None:
    silence(tmp_path / "alone.wav")
    with pytest.raises(ConfigError, match="textgrid"):
        list(Folder(tmp_path).clips())


def beat2(root: Path, weights: NDArray[np.float64]) -> Path:
    """Lay out one recording of which the face has the weights, [T, 51]."""
    matrix = np.random.default_rng(0).standard_normal((51, 103))
    np.save(root / "matrix.npy", matrix)
    silence(root / "wave16k" / "1_a_0_1_1.wav")
    (root / "train_test_split.csv").write_text("id,type\n1_a_0_1_1,test\n1_a_0_2_2,train\n")
    (root / "textgrid").mkdir()
    (root / "textgrid" / "1_a_0_1_1.TextGrid").write_text(
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<exists>\n1\n'
        '"IntervalTier"\n"phones"\n0\n1\n1\n0.2\n0.6\n"P"\n'
    )
    flame = weights @ matrix
    poses = np.zeros((len(weights), 165))
    poses[:, 66:69] = flame[:, 100:]
    (root / "smplxflame_30").mkdir()
    np.savez(root / "smplxflame_30" / "1_a_0_1_1.npz", expressions=flame[:, :100], poses=poses)
    return root / "matrix.npy"


def test_beat2_comes_back_through_the_inverse_of_its_matrix(tmp_path: Path) -> None:
    weights = np.random.default_rng(1).uniform(-0.1, 1, (30, 51))
    matrix = beat2(tmp_path, weights)
    (clip,) = Beat2(tmp_path, matrix).clips()
    assert clip.utterance.speaker == "1"
    assert [phone.label for phone in clip.utterance.phones] == ["sil", "p", "sil"]
    assert clip.face is not None
    expected = weights[:, shape_sets.ALPHABETICAL.index("jawOpen")]
    np.testing.assert_allclose(clip.face.weights[:, JAW], expected, atol=1e-5)
    assert clip.face.weights[:, arkit.INDEX["tongueOut"]].tolist() == [0.0] * 30
    with pytest.raises(ConfigError, match="no recording of type"):
        list(Beat2(tmp_path, matrix, "val").clips())


def test_another_matrix_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.zeros((103, 51)))
    with pytest.raises(ConfigError, match=r"instead of \(51, 103\)"):
        read_matrix(tmp_path / "m.npy")
    with pytest.raises(ConfigError, match="cannot read the matrix"):
        read_matrix(tmp_path / "none.npy")


def test_grid_gives_gap_and_width_against_the_eyes(tmp_path: Path) -> None:
    points = np.zeros((1000, 2, 6, 3), np.float16)
    points[:, :, 0, 0], points[:, :, 1, 0] = -0.25, 0.25  # eyes: 0.5 apart
    points[:, :, 2, 0], points[:, :, 3, 0] = -0.125, 0.125  # corners
    points[:, 1, 5, 1] = 0.0625  # the lower lip, in the second frame
    names = np.array([f"c{number}" for number in range(1000)])
    shapes = np.zeros((1000, 2, 3), np.float16)
    shapes[:] = 0.5, 0.125, 0.25
    np.savez(
        tmp_path / "tracks.npz", clip=names, landmarks=points, fps=25.0, blendshapes=shapes,
        landmark_index=[33, 263, 61, 291, 13, 14],
        blendshape_names=["jawOpen", "mouthFunnel", "mouthPucker"],
    )  # fmt: skip
    silence(tmp_path / "audio" / "c800.opus.wav")
    (tmp_path / "audio" / "c800.opus.wav").rename(tmp_path / "audio" / "c800.opus")
    clip = next(iter(Grid(tmp_path).clips()))
    assert clip.utterance.name == "c800"
    assert clip.motion is not None
    assert clip.motion.times_s.tolist() == [0.0, 0.04]
    assert clip.motion.curves["gap"].tolist() == [0.0, 0.125]
    assert clip.motion.curves["width"].tolist() == [0.5, 0.5]
    assert clip.motion.curves["jaw"].tolist() == [0.5, 0.5]
    assert clip.motion.curves["round"].tolist() == [0.375, 0.375]
    (tmp_path / "audio" / "c800.opus").rename(tmp_path / "audio" / "c760.opus")
    assert next(iter(Grid(tmp_path, GRID_TEST).clips())).utterance.name == "c760"


def test_a_grid_folder_without_tracks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give the GRID folder"):
        list(Grid(tmp_path).clips())


def test_a_recording_without_sound_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0, np.float32), 16_000)
    (tmp_path / "a.csv").write_text("time,jawOpen\n0,0\n1,0\n")
    with pytest.raises(ConfigError, match=r"a\.wav holds no sound; take it away, or record it"):
        list(Folder(tmp_path).clips())
