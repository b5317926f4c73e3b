"""BEAT and BEAT2: corpora of exactly their shape, made here."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("praatio", reason="install praatio: pip install -e '.[train]'")

from tests.training.data.beat.corpora import (
    COUNTS,
    FRAMES,
    SECONDS,
    weights_of,
    write_arkit,
    write_beat1,
    write_beat2,
    write_flame,
    write_matrix,
    write_split,
)

from facewire import arkit
from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import INDEX
from facewire_training import shape_sets
from facewire_training.data.beat.beat1 import Beat1Corpus, read_arkit_json
from facewire_training.data.beat.beat2 import Beat2Corpus
from facewire_training.data.beat.flame import read_flame, read_matrix
from facewire_training.data.beat.split import read_split, recordings
from facewire_training.data.shards import load_one
from facewire_training.data.targets import load_targets

FEW = {"train": 2, "val": 2, "test": 1, "additional": 1}
PAPER = [arkit.INDEX[name] for name in shape_sets.ALPHABETICAL]


def test_the_official_test_has_265_recordings_with_sound_phones_and_faces(tmp_path: Path) -> None:
    matrix = write_matrix(tmp_path / "mat_final.npy")
    named = write_beat2(tmp_path / "beat", COUNTS, matrix)
    found = list(Beat2Corpus(tmp_path / "beat", tmp_path / "mat_final.npy").captures("test"))
    assert len(found) == 265
    assert sorted(capture.name for capture in found) == sorted(named["test"])
    assert {capture.speaker for capture in found} == {"1", "2", "4", "30"}
    for capture in found:
        assert capture.weights.shape == (FRAMES, 52)
        assert len(capture.samples) == SECONDS * 16_000
        assert capture.frame_rate == Fraction(30)
        assert [phone.label for phone in capture.phones] == ["sil", "m", "aa", "sil"]
        np.testing.assert_allclose(capture.weights[:, PAPER], weights_of(capture.name), atol=1e-4)
        assert not capture.weights[:, arkit.INDEX["tongueOut"]].any()
        assert capture.known.sum() == 51
        assert not capture.known[arkit.INDEX["tongueOut"]]
    # As the paper has it: not clipped.
    assert min(capture.weights.min() for capture in found) < -0.05


def test_who_is_for_what_says_the_official_table(tmp_path: Path) -> None:
    named = write_split(tmp_path / "train_test_split.csv", COUNTS)
    found = read_split(tmp_path / "train_test_split.csv")
    assert {kind: len(names) for kind, names in found.items()} == COUNTS
    assert set(found["train"]) == set(named["train"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,type\n1_a_0_1_1,test\n", "no column 'id'"),
        ("id,split\n1_a_0_1_1,test\n", "no column 'type'"),
        ("", "no column 'id'"),
        ("id,type\n1_a_0_1_1,dev\n", "'dev'; it can be train, val, test, additional"),
        ("id,type\n1_a_0_1_1,test\n1_a_0_1_1,train\n", "twice"),
        ("id,type\n1_a_0_1_1,train\n", "no recording of type 'test'"),
        (b"\xff\xfe\x00", "cannot read"),
    ],
)
def test_another_table_is_refused_in_a_sentence(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    path = tmp_path / "train_test_split.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=said) as refused:
        recordings(path, "test")
    assert "\n" not in str(refused.value)
    with pytest.raises(ConfigError, match="give a language's folder"):
        recordings(tmp_path / "none.csv", "test")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"expressions": np.zeros((3, 50)), "poses": np.zeros((3, 165))}, r"\(3, 50\)"),
        ({"expressions": np.zeros((3, 100)), "poses": np.zeros((3, 63))}, r"\(3, 63\)"),
        ({"expressions": np.zeros((3, 100)), "poses": np.zeros((4, 165))}, r"\(4, 165\)"),
        ({"expressions": np.zeros((0, 100)), "poses": np.zeros((0, 165))}, r"\(0, 100\)"),
        ({"exp": np.zeros((3, 100)), "poses": np.zeros((3, 165))}, "expressions"),
        ({"expressions": np.full((3, 100), np.nan), "poses": np.zeros((3, 165))}, "no numbers"),
        ({"expressions": np.full((3, 100), "x"), "poses": np.zeros((3, 165))}, "no numbers"),
        (
            {"expressions": np.zeros((3, 100)), "poses": np.zeros((3, 165)),
             "mocap_frame_rate": np.array(60)},
            "60 frames a second",
        ),
    ],
)  # fmt: skip
def test_another_archive_is_refused_in_a_sentence(
    tmp_path: Path, wrong: dict[str, np.ndarray], said: str
) -> None:
    write_matrix(tmp_path / "m.npy")
    np.savez(tmp_path / "face.npz", **wrong)  # type: ignore[arg-type] # its names are the arrays'
    with pytest.raises(ConfigError, match=said) as refused:
        read_flame(tmp_path / "face.npz", read_matrix(tmp_path / "m.npy"))
    assert "\n" not in str(refused.value)


def test_a_torn_archive_is_refused_in_a_sentence(tmp_path: Path) -> None:
    matrix = write_matrix(tmp_path / "m.npy")
    write_flame(tmp_path / "face.npz", weights_of("x"), matrix)
    whole = (tmp_path / "face.npz").read_bytes()
    to_arkit = read_matrix(tmp_path / "m.npy")
    for kept in (0, 10, len(whole) // 2, len(whole) - 30):
        (tmp_path / "face.npz").write_bytes(whole[:kept])
        with pytest.raises(ConfigError, match="cannot read the face in"):
            read_flame(tmp_path / "face.npz", to_arkit)
    with pytest.raises(ConfigError, match=r"face in .*none.npz: No such file or directory; get it"):
        read_flame(tmp_path / "none.npz", to_arkit)


def test_another_matrix_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for wrong, said in (
        (np.zeros((103, 51)), "instead of"),
        (np.zeros(3), r"instead of \(51, 103\); give BEAT2's mat_final.npy"),
        (np.full((51, 103), np.inf), "no numbers"),
        (np.full((51, 103), "a"), "no numbers"),
    ):
        np.save(tmp_path / "m.npy", wrong)
        with pytest.raises(ConfigError, match=said):
            read_matrix(tmp_path / "m.npy")
    np.savez(tmp_path / "m.npz", matrix=np.zeros((51, 103)))
    with pytest.raises(ConfigError, match="an archive instead of"):
        read_matrix(tmp_path / "m.npz")
    (tmp_path / "m.npy").write_bytes(b"")
    for missing in ("m.npy", "none.npy"):
        with pytest.raises(ConfigError, match="cannot read the matrix"):
            read_matrix(tmp_path / missing)


def test_beat_takes_every_second_of_60_frames(tmp_path: Path) -> None:
    named = write_split(tmp_path / "split.csv", FEW)
    write_beat1(tmp_path / "beat", named["train"])
    found = list(Beat1Corpus(tmp_path / "beat", tmp_path / "split.csv").captures("train"))
    assert [capture.name for capture in found] == sorted(named["train"])
    for capture in found:
        assert capture.frame_rate == 30
        np.testing.assert_allclose(capture.weights[:, PAPER], weights_of(capture.name), atol=1e-5)
        assert [phone.phone_index for phone in capture.phones] == [0, INDEX["m"], INDEX["aa"], 0]
    with pytest.raises(ConfigError, match="no SPEAKER/RECORDING"):
        list(Beat1Corpus(tmp_path / "beat", tmp_path / "split.csv").captures("val"))


def test_both_versions_are_one_face(tmp_path: Path) -> None:
    matrix = write_matrix(tmp_path / "mat_final.npy")
    named = write_beat2(tmp_path / "two", FEW, matrix)
    write_beat1(tmp_path / "one", named["train"])
    second = Beat2Corpus(tmp_path / "two", tmp_path / "mat_final.npy").captures("train")
    first = Beat1Corpus(tmp_path / "one", tmp_path / "two" / "train_test_split.csv")
    for old, new in zip(first.captures("train"), second, strict=True):
        np.testing.assert_allclose(old.weights, new.weights, atol=1e-4)


def test_frames_that_are_missing_are_between_their_neighbours_or_not_seen(tmp_path: Path) -> None:
    times = np.array([0, 1, 3, 4, 5, 6, 30, 31, 32]) / 60
    weights = (times * 60)[:, None] / 100
    write_arkit(tmp_path / "a.json", ["jawOpen"], weights, times)
    face, known = read_arkit_json(tmp_path / "a.json")
    jaw = face[:, arkit.INDEX["jawOpen"]]
    np.testing.assert_allclose(jaw[:4], [0.0, 0.02, 0.04, 0.06], atol=1e-6)
    assert np.isnan(jaw[4:15]).all()
    np.testing.assert_allclose(jaw[15:], [0.30, 0.32], atol=1e-6)
    assert np.flatnonzero(known).tolist() == [arkit.INDEX["jawOpen"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"names": ["jawOpen"], "frames": []}', "weights"),
        ('{"names": ["JawOpen"], "frames": [{"weights": [0], "time": 0}]}', "JawOpen"),
        ('{"names": ["a", "jawOpen"], "frames": [{"weights": [0, 0], "time": 0}]}', "'a'"),
        ('{"names": [], "frames": []}', "no shape"),
        ('{"names": ["jawOpen", "jawOpen"], "frames": [{"weights": [0, 0], "time": 0}]}', "twice"),
        ('{"names": ["jawOpen"], "frames": [{"weights": [0, 1], "time": 0}]}', r"\(1, 2\)"),
        ('{"names": ["jawOpen"], "frames": [{"weights": [0]}]}', "'time'"),
        ('{"names": ["jawOpen"], "frames": [{"weights": [NaN], "time": 0}]}', "impossible"),
        ('{"names": ["jawOpen"], "frames": [{"weights": [0], "time": 0}, '
         '{"weights": [0], "time": 0}]}', "impossible"),
        ("[1]", "cannot read"),
        ('{"names": ["jawOp', "cannot read"),
    ],
)  # fmt: skip
def test_another_json_is_refused_in_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "face.json").write_text(content)
    with pytest.raises(ConfigError, match=said) as refused:
        read_arkit_json(tmp_path / "face.json")
    assert "\n" not in str(refused.value)


def prepared(*words: str) -> subprocess.CompletedProcess[str]:
    module = "facewire_training.data.prepare_captures"
    return subprocess.run([sys.executable, "-m", module, *words], capture_output=True, text=True)


def test_prepare_makes_shards_and_targets_of_both(tmp_path: Path) -> None:
    matrix = write_matrix(tmp_path / "mat_final.npy")
    named = write_beat2(tmp_path / "two", FEW, matrix)
    write_beat1(tmp_path / "one", [name for kind in FEW for name in named[kind]])
    words = ["--beat2", str(tmp_path / "two"), "--matrix", str(tmp_path / "mat_final.npy"),
             "--beat1", str(tmp_path / "one"), "--out", str(tmp_path / "out")]  # fmt: skip
    ran = prepared(*words)
    assert ran.returncode == 0, ran.stderr
    for corpus in ("beat2", "beat1"):
        for folder, kind in (("", "train"), ("validation-captures", "val"),
                             ("test-captures", "test")):  # fmt: skip
            beside = tmp_path / "out" / folder
            shard = load_one(beside / corpus)
            assert sorted(shard.names) == sorted(named[kind])
            assert shard.corpus == corpus
            targets = load_targets(beside, shard)
            assert targets.curves.shape == (len(shard) * 40, 52)
            assert targets.known[:, PAPER].all()
            assert not targets.known[:, arkit.INDEX["tongueOut"]].any()
            # Frame 3 stands at 100 ms, between the tokens at 95 and 105 ms.
            true = weights_of(shard.names[0])[3]
            made = targets.curves[9:11][:, PAPER].mean(axis=0)
            assert np.abs(made - true).mean() < 0.1
            assert set(shard.labels[10:20].tolist()) == {INDEX["m"]}
    before = (tmp_path / "out" / "beat2" / "shard.json").stat().st_mtime_ns
    assert prepared(*words).returncode == 0
    assert (tmp_path / "out" / "beat2" / "shard.json").stat().st_mtime_ns == before
    # Another matrix makes other faces.
    np.save(tmp_path / "mat_final.npy", 2 * matrix)
    assert prepared(*words).returncode == 0
    assert (tmp_path / "out" / "beat2" / "shard.json").stat().st_mtime_ns != before
    assert "matrix" in json.loads((tmp_path / "out" / "beat2" / "shard.json").read_text())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to make; give --data, --beat2 or --beat1"),
        (["--beat2", "none"], "give the .npy file with --matrix"),
        (["--beat2", "none", "--matrix", "none.npy"], "is the corpus there?"),
        (["--beat1", "none"], "says who is for what; give BEAT2's with --beat-split"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    ran = prepared(*words, "--out", str(tmp_path / "out"))
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stderr.strip().count("\n") == 0
