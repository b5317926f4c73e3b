"""Studies from recordings and from engines, and what is refused."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile
from tests.training.evaluation.listening.made import (
    OPENS_S,
    SYSTEMS,
    make,
    write_face,
    write_material,
    write_sounds,
)

from facewire import arkit
from facewire.errors import ConfigError
from facewire.face.regions import LOWER
from facewire.recordings import read_recording
from facewire_cli.demo import demo_clip
from facewire_training.evaluation.listening.anchors import LATE_MS, SMOOTH_MS
from facewire_training.evaluation.listening.make import MOST_SYSTEMS
from facewire_training.evaluation.listening.request import (
    EngineSystem,
    MakeRequest,
    UpperFace,
    parse_engine,
    parse_recordings,
)
from facewire_training.evaluation.listening.study import (
    ANCHOR,
    STILL,
    STUDY_FILE,
    Kind,
    face_path,
    read_study,
    sound_path,
)

JAW, BROW = arkit.INDEX["jawOpen"], arkit.INDEX["browInnerUp"]
TWO = {"one": 1.0, "two": 1.5}


def changed(request: MakeRequest, **values: Any) -> MakeRequest:
    return replace(request, **values)


def test_a_study_has_every_face_of_every_sentence_as_long_as_its_sound(tmp_path: Path) -> None:
    request = write_material(tmp_path, TWO)
    study = make(request)
    assert read_study(request.out) == study
    assert [*study.systems] == [*SYSTEMS, ANCHOR]
    assert study.screens == 2
    assert study.practice == "one"
    for name, seconds in TWO.items():
        assert soundfile.info(sound_path(request.out, name)).duration == seconds
        for system in (*study.systems, STILL):
            face = read_recording(face_path(request.out, system, name))
            assert len(face) == 60 * seconds
            assert face.spec.frame_rate == 60


def test_the_anchor_is_the_reference_late_and_smoothed(tmp_path: Path) -> None:
    request = write_material(tmp_path, {"one": 2.0})
    make(request)
    jaw = read_recording(face_path(request.out, ANCHOR, "one")).weights[:, JAW]
    # Half of the way up in the middle of the average, which is as late as the rule says.
    half = (OPENS_S + LATE_MS / 1000) * 60
    assert np.argmax(jaw >= 0.3) == pytest.approx(half, abs=1)
    rising = np.count_nonzero((jaw > 0.001) & (jaw < 0.599))
    assert rising == pytest.approx(SMOOTH_MS / 1000 * 60, abs=2)
    assert jaw[-1] == pytest.approx(0.6, abs=1e-3)


def test_a_mismatched_anchor_is_the_face_of_the_next_sentence(tmp_path: Path) -> None:
    request = write_material(tmp_path, TWO)
    # The second sentence's face is told from the first one's.
    write_face(tmp_path / SYSTEMS[0] / "two.npz", 1.5, system=3)
    make(changed(request, anchor="mismatched"))
    anchor = read_recording(face_path(request.out, ANCHOR, "one")).weights
    other = read_recording(face_path(request.out, SYSTEMS[0], "two")).weights
    assert np.array_equal(anchor, other[:60])
    assert len(read_recording(face_path(request.out, ANCHOR, "two"))) == 90


def test_eyes_brows_and_head_are_the_references_each_ones_own_or_at_rest(tmp_path: Path) -> None:
    request = write_material(tmp_path, {"one": 1.0})
    write_face(tmp_path / SYSTEMS[1] / "one.npz", 1.0, 1, brow=0.9)
    for upper_face, brow, head in (
        (UpperFace.SAME, 0.5, 0.1),
        (UpperFace.OWN, 0.9, 0.1),
        (UpperFace.REST, 0, 0),
    ):
        asked = changed(request, upper_face=upper_face, out=tmp_path / upper_face)
        make(asked)
        face = read_recording(face_path(asked.out, SYSTEMS[1], "one"))
        assert face.weights[-1, JAW] == pytest.approx(0.3)
        assert np.allclose(face.weights[:, BROW], brow)
        assert np.allclose(face.head, head)


def test_faces_of_other_frame_rates_are_shown_at_one_that_is_chosen(tmp_path: Path) -> None:
    request = write_material(tmp_path, {"one": 1.0})
    write_face(tmp_path / SYSTEMS[1] / "one.npz", 1.0, 1, Fraction(30))
    with pytest.raises(
        ConfigError, match=r"of 60 frames per second, Quagga-Ours of 30.*--frame-rate"
    ):
        make(request)
    make(changed(request, frame_rate=Fraction(30)))
    face = read_recording(face_path(request.out, SYSTEMS[0], "one"))
    assert len(face) == 30
    assert face.weights[16, JAW] == pytest.approx(0.6)


def test_engines_make_faces_of_the_sounds_that_differ_in_nothing_but_the_mouth(
    tmp_path: Path,
) -> None:
    samples, rate = soundfile.read(demo_clip())
    (tmp_path / "audio").mkdir()
    soundfile.write(tmp_path / "audio" / "demo.flac", samples[: 2 * rate], rate)
    engines = (
        EngineSystem("clear", "phones", 160),
        EngineSystem("live", "phones", 20),
        EngineSystem("meter", "energy"),
    )
    request = MakeRequest(tmp_path / "audio", tmp_path / "out", (), engines, reference="clear")
    study = make(request)
    assert study.systems["live"] == "phones at 20 ms"
    faces = {
        name: read_recording(face_path(request.out, name, "demo")).weights
        for name in ("clear", "live", "meter")
    }
    assert faces["clear"][:, ~LOWER].max() > 0.1
    assert all(np.array_equal(one[:, ~LOWER], faces["clear"][:, ~LOWER]) for one in faces.values())
    assert np.abs(faces["clear"] - faces["live"])[:, JAW].max() > 0.01
    assert np.abs(faces["clear"] - faces["meter"])[:, JAW].max() > 0.1


def test_pairs_need_neither_reference_nor_anchor(tmp_path: Path) -> None:
    request = write_material(tmp_path, TWO)
    study = make(changed(request, kind=Kind.PAIRS, reference="", anchor="none"))
    assert study.screens == 6
    assert [*study.systems] == [*SYSTEMS]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"reference": "Quaga-Ours"},
            "there is no system 'Quaga-Ours'; did you mean 'Quagga-Ours'",
        ),
        ({"reference": ""}, "say which system is the reference: --reference NAME"),
        ({"anchor": "autp"}, "there is no anchor 'autp'; did you mean 'auto'"),
        ({"anchor": SYSTEMS[0]}, "cannot be both the reference and the anchor"),
        ({"kind": Kind.PAIRS, "reference": ""}, "name it with --reference, or do without"),
        ({"practice": "on"}, "there is no sentence 'on'; expected one of one, two"),
        ({"screens": 3}, "--screens 3 is more than there are: 2 trials"),
        ({"audio": Path("nowhere")}, "cannot read the folder nowhere"),
        ({"recordings": ()}, "there is nothing to compare"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    tmp_path: Path, values: dict[str, object], sentence: str
) -> None:
    request = write_material(tmp_path, TWO)
    with pytest.raises(ConfigError, match=sentence):
        make(changed(request, **values))
    assert not request.out.exists()


def test_twice_the_same_name_and_too_many_systems_are_refused(tmp_path: Path) -> None:
    request = write_material(tmp_path, TWO)
    first = request.recordings[0]
    with pytest.raises(ConfigError, match="two systems are called Zebra-Captured"):
        make(changed(request, recordings=(*request.recordings, first)))
    many = [(f"s{place}", first[1]) for place in range(MOST_SYSTEMS)]
    with pytest.raises(ConfigError, match=f"more than {MOST_SYSTEMS} faces"):
        make(changed(request, recordings=tuple(many), reference="s0"))


def test_faces_that_are_missing_or_of_another_length_are_named(tmp_path: Path) -> None:
    request = write_material(tmp_path, TWO)
    write_face(tmp_path / SYSTEMS[1] / "two.npz", 1.0)
    with pytest.raises(ConfigError, match=r"Quagga-Ours's face of two lasts 1.00 s, its sound 1.5"):
        make(request)
    (tmp_path / SYSTEMS[1] / "two.npz").unlink()
    with pytest.raises(ConfigError, match="Quagga-Ours has no face of two in"):
        make(request)
    (tmp_path / SYSTEMS[1] / "two.npz").write_bytes(b"PK no archive")
    with pytest.raises(ConfigError, match="cannot read the face in"):
        make(request)
    assert not request.out.exists()


def test_sounds_that_nobody_can_rate_are_named(tmp_path: Path) -> None:
    request = write_material(tmp_path, TWO)
    write_sounds(tmp_path / "long", {"one": 61.0})
    with pytest.raises(ConfigError, match="lasts 61"):
        make(changed(request, audio=tmp_path / "long"))
    soundfile.write(request.audio / "one.wav", np.zeros(16_000), 16_000)
    with pytest.raises(ConfigError, match="is silent"):
        make(request)
    (request.audio / "one.wav").write_text("no sound")
    with pytest.raises(ConfigError, match="cannot read the sound"):
        make(request)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="has no sounds"):
        make(changed(request, audio=tmp_path / "empty"))


def test_a_folder_with_something_in_it_is_not_replaced(tmp_path: Path) -> None:
    request = write_material(tmp_path, TWO)
    make(request)
    with pytest.raises(ConfigError, match="exists; give another folder"):
        make(request)


def test_a_study_that_is_damaged_or_of_another_version_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no study"):
        read_study(tmp_path)
    path = tmp_path / STUDY_FILE
    path.write_text("{}")
    with pytest.raises(ConfigError, match="is no study"):
        read_study(tmp_path)
    request = write_material(tmp_path, TWO)
    study = make(request)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(study, format=9)))
    with pytest.raises(ConfigError, match="is of format 9"):
        read_study(tmp_path)


def test_systems_are_read_from_the_command_line() -> None:
    assert parse_engine("live=phones,lookahead=20") == EngineSystem("live", "phones", 20)
    assert parse_engine("h=hubert:folder") == EngineSystem("h", "hubert:folder", 80)
    assert parse_recordings("a b=x=y") == ("a b", Path("x=y"))
    for text in ("phones", "a=", "a=phones,lookahead=much", "a=phones,speed=2"):
        with pytest.raises(ConfigError, match="--system"):
            parse_engine(text)
    for name in ("../up", "", ".", "still face", "anchor", "a/b", "x" * 41):
        with pytest.raises(ConfigError, match="name"):
            parse_recordings(f"{name}=folder")
