"""Recorded faces, read again: ours exactly, others' by their names."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.recordings import RecordedFace, read_recording
from facewire.sinks.uri import parse_output, sink_of

JAW = arkit.INDEX["jawOpen"]
SPEC = StreamSpec(frame_rate=Fraction(30_000, 1001), lookahead=320)


def frames(count: int = 90) -> list[BlendshapeFrame]:
    random = np.random.default_rng(3)
    return [
        BlendshapeFrame(
            weights=random.random(arkit.COUNT, np.float32),
            index=index,
            timestamp=SPEC.timestamp(index),
            turn=index // 50,
            speech=float(np.float32(random.random())),
            head=(0.1, -0.2, 0.3),
        )
        for index in range(count)
    ]


async def record(path: Path, made: list[BlendshapeFrame]) -> RecordedFace:
    sink = sink_of(parse_output(str(path)))
    await sink.open(SPEC, "phones")
    for frame in made:
        await sink.send(frame)
    await sink.aclose()
    return read_recording(str(path))


@pytest.mark.parametrize("name", ["face.npz", "face.jsonl"])
async def test_what_keeps_everything_gives_the_same_frames(tmp_path: Path, name: str) -> None:
    made = frames()
    face = await record(tmp_path / name, made)
    assert face.spec == SPEC
    assert face.engine == "phones"
    assert face.known.all()
    for read, frame in zip(face.frames(), made, strict=True):
        np.testing.assert_allclose(read.weights, frame.weights, atol=1e-7)
        assert (read.index, read.timestamp, read.turn) == (frame.index, frame.timestamp, frame.turn)
        assert read.speech == pytest.approx(frame.speech, abs=1e-7)
        assert read.head == pytest.approx(frame.head, abs=1e-7)


async def test_a_table_of_ours_gives_weights_head_and_whole_frame_rates(tmp_path: Path) -> None:
    """Timecode says 30 where the rate is 30000/1001."""
    face = await record(tmp_path / "face.csv", made := frames())
    assert face.spec.frame_rate == 30
    np.testing.assert_allclose(face.weights, [frame.weights for frame in made], atol=1e-6)
    np.testing.assert_allclose(face.head, np.tile([[0.1, -0.2, 0.3]], (90, 1)), atol=1e-6)


def live_link(path: Path, timecodes: list[str]) -> None:
    names = ["JawOpen", "MouthClose", "MouthFunnel", "MouthPucker"]
    lines = [",".join(["Timecode", "BlendShapeCount", *names])]
    lines += [f"{code},4,0.{row},0,0,0" for row, code in enumerate(timecodes)]
    path.write_text("\n".join(lines) + "\n")


def test_frames_that_the_app_left_out_leave_their_time(tmp_path: Path) -> None:
    live_link(
        tmp_path / "a.csv",
        ["10:59:59:58.100", "10:59:59:59.200", "11:00:00:00.300", "11:00:00:03.400"],
    )
    face = read_recording(tmp_path / "a.csv")
    assert face.spec.frame_rate == 60
    assert [frame.index for frame in face.frames()] == [0, 1, 2, 5]
    np.testing.assert_allclose(
        face.at_rate(Fraction(60)).weights[:, JAW], [0, 0.1, 0.2, 7 / 30, 8 / 30, 0.3], atol=1e-4
    )


def test_a_recording_past_midnight_goes_on(tmp_path: Path) -> None:
    live_link(tmp_path / "a.csv", ["23:59:59:28.0", "23:59:59:29.0", "00:00:00:00.0"])
    face = read_recording(tmp_path / "a.csv")
    assert [frame.index for frame in face.frames()] == [0, 1, 2]


def test_another_rate_moves_between_its_neighbours(tmp_path: Path) -> None:
    rows = [f"{i / 50},{i / 100},0,0,0" for i in range(51)]
    (tmp_path / "a.csv").write_text(
        "\n".join(
            [
                "time,jawopen,MOUTHCLOSE,mouthLeft,mouthRight",
                *rows,
            ]
        )
    )
    face = read_recording(tmp_path / "a.csv")
    assert face.spec.frame_rate == 50
    slower = face.at_rate(Fraction(24))
    assert len(slower) == 25
    times = slower.timestamps / slower.spec.sample_rate
    np.testing.assert_allclose(slower.weights[:, JAW], times / 2, atol=1e-4)
    assert face.at_rate(Fraction(50)).weights.tobytes() == face.weights.tobytes()


async def test_a_line_that_a_crash_cut_is_left_out(tmp_path: Path) -> None:
    await record(tmp_path / "a.jsonl", frames(5))
    whole = (tmp_path / "a.jsonl").read_bytes()
    (tmp_path / "a.jsonl").write_bytes(whole[:-40])
    assert len(read_recording(tmp_path / "a.jsonl")) == 4


def test_shapes_beyond_their_range_are_kept_and_shown_within_it(tmp_path: Path) -> None:
    names = ["jawOpen", "mouthClose", "mouthFunnel", "mouthPucker"]
    weights = np.array([[1.4, -0.2, 0, 0]] * 2, np.float32)
    np.savez(tmp_path / "a.npz", weights=weights, names=names, frame_rate=30)
    face = read_recording(tmp_path / "a.npz")
    assert face.weights[0, JAW] == np.float32(1.4)
    shown = next(face.frames()).weights
    assert (shown[JAW], shown[arkit.INDEX["mouthClose"]]) == (1, 0)


def test_what_is_no_recording_is_said_in_one_sentence(tmp_path: Path) -> None:
    names = ["jawOpen", "mouthClose", "mouthFunnel", "mouthPucker"]
    weights = np.zeros((3, 4), np.float32)
    np.savez(
        tmp_path / "back.npz", weights=weights, names=names, frame_rate=30, timestamps=[2, 1, 0]
    )
    np.savez(tmp_path / "nan.npz", weights=weights * np.nan, names=names, frame_rate=30)
    np.savez(
        tmp_path / "long.npz", weights=weights, names=names, frame_rate=30, head=np.zeros((4, 3))
    )
    np.savez(tmp_path / "rate.npz", weights=weights, names=names, frame_rate=0)
    (tmp_path / "other.jsonl").write_text('{"hello": 1}\n')
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "still.csv").write_text(
        "time,jawOpen,mouthClose,mouthLeft,mouthRight\n1,0,0,0,0\n1,0,0,0,0\n"
    )
    (tmp_path / "sound.wav").write_bytes(b"RIFF")
    (tmp_path / "folder.csv").mkdir()
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(ConfigError, match=path.name) as failed:
            read_recording(path)
        assert "\n" not in str(failed.value)
