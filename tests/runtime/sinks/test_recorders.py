"""Recordings: read back as they were, and on disk whatever happens."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from facewire import arkit
from facewire.clock import SECOND, ManualClock
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.jsonl import JsonlRecorder
from facewire.sinks.live_link_csv import COLUMNS, ROTATIONS, LiveLinkCsv, read_csv, timecode
from facewire.sinks.npz import NpzRecorder
from facewire.stream.sink import Sink

SPEC = StreamSpec()
RECORDERS: dict[str, Callable[..., Sink]] = {
    "csv": LiveLinkCsv,
    "npz": NpzRecorder,
    "jsonl": JsonlRecorder,
}
MEMORY = Path("/dev/shm")
"""Where Linux has a disk of its own in memory."""


def frame(index: int, spec: StreamSpec = SPEC) -> BlendshapeFrame:
    random = np.random.default_rng(index)
    return BlendshapeFrame(
        random.uniform(0, 1, arkit.COUNT).astype(np.float32),
        index,
        spec.timestamp(index),
        turn=index // 100,
        speech=0.25,
        head=(0.125, -0.25, 0.5),
    )


def weights(count: int) -> np.ndarray:
    return np.stack([frame(index).weights for index in range(count)])


async def record(sink: Sink, count: int, spec: StreamSpec = SPEC) -> None:
    await sink.open(spec, "energy")
    for index in range(count):
        await sink.send(frame(index, spec))
    await sink.aclose()
    await sink.aclose()


class TestCsv:
    async def test_weights_come_back_by_name(self, tmp_path: Path) -> None:
        await record(LiveLinkCsv(tmp_path / "face.csv"), 130)
        recording = read_csv(tmp_path / "face.csv")
        np.testing.assert_allclose(recording.weights, weights(130), atol=1e-6)
        assert recording.frame_rate == 60

    async def test_the_file_has_the_form_of_live_link_face(self, tmp_path: Path) -> None:
        await record(LiveLinkCsv(tmp_path / "face.csv"), 2)
        header, first, second = (tmp_path / "face.csv").read_text().splitlines()
        names = header.split(",")
        assert names[:5] == [
            "Timecode", "BlendshapeCount", "EyeBlinkLeft", "EyeLookDownLeft", "EyeLookInLeft",
        ]  # fmt: skip
        place = names.index("JawForward")
        assert names[place + 1 : place + 4] == ["JawRight", "JawLeft", "JawOpen"]
        place = names.index("MouthPucker")
        assert names[place + 1 : place + 3] == ["MouthRight", "MouthLeft"]
        assert tuple(names[-9:]) == ROTATIONS
        assert len(names) == len(COLUMNS) == len(set(names)) == 63
        assert first.startswith("00:00:00:00.000,61,")
        assert second.startswith("00:00:00:01.000,61,")

    async def test_every_column_holds_its_own_shape(self, tmp_path: Path) -> None:
        await record(LiveLinkCsv(tmp_path / "face.csv"), 1)
        with (tmp_path / "face.csv").open(newline="") as file:
            (row,) = csv.DictReader(file)
        for name, weight in zip(arkit.NAMES, frame(0).weights, strict=True):
            assert float(row[name[0].upper() + name[1:]]) == pytest.approx(weight, abs=1e-6)

    async def test_eyes_and_head_turn_as_the_app_says(self, tmp_path: Path) -> None:
        look = np.zeros(arkit.COUNT, np.float32)
        for name in ("eyeLookOutLeft", "eyeLookInRight", "eyeLookDownLeft", "eyeLookDownRight"):
            look[arkit.INDEX[name]] = 0.5
        sink = LiveLinkCsv(tmp_path / "face.csv")
        await sink.open(SPEC, "energy")
        await sink.send(BlendshapeFrame(look, 0, 0, head=(0.1, 0.2, 0.3)))
        await sink.aclose()
        angles = dict(zip(ROTATIONS, read_csv(tmp_path / "face.csv").rotations[0], strict=True))
        # Both eyes look to the speaker's left and down.
        assert angles["LeftEyeYaw"] == angles["RightEyeYaw"] == pytest.approx(-0.315)
        assert angles["LeftEyePitch"] == angles["RightEyePitch"] == pytest.approx(0.25)
        assert angles["LeftEyeRoll"] == angles["RightEyeRoll"] == 0
        assert [angles[f"Head{name}"] for name in ("Yaw", "Pitch", "Roll")] == pytest.approx(
            [-0.1, 0.2, -0.3]
        )

    @pytest.mark.parametrize(
        ("rate", "index", "expected"),
        [
            ("60", 0, "00:00:00:00.000"),
            ("60", 59, "00:00:00:59.000"),
            ("60", 60, "00:00:01:00.000"),
            ("60", 60 * 3600 * 25 + 61, "01:00:01:01.000"),
            ("30", 31, "00:00:01:01.000"),
            ("30000/1001", 29, "00:00:00:29.000"),
            ("30000/1001", 30, "00:00:01:00.000"),
            ("60000/1001", 60 * 60, "00:01:00:00.000"),
        ],
    )
    def test_timecodes_count_frames(self, rate: str, index: int, expected: str) -> None:
        spec = StreamSpec(frame_rate=Fraction(rate))
        assert timecode(spec, spec.timestamp(index)) == expected

    def test_no_timecode_comes_twice_in_an_hour(self) -> None:
        spec = StreamSpec(frame_rate=Fraction(60_000, 1001))
        count = 3_600 * 60
        assert len({timecode(spec, spec.timestamp(index)) for index in range(count)}) == count

    def test_files_of_others_are_read_by_name(self, tmp_path: Path) -> None:
        path = tmp_path / "other.csv"
        path.write_text("Timecode,BlendshapeCount,TongueOut,JawOpen\n11:22:33:29.000,2,0.25,0.5\n")
        recording = read_csv(path)
        assert recording.weights[0, arkit.INDEX["jawOpen"]] == 0.5
        assert recording.weights[0, arkit.INDEX["tongueOut"]] == 0.25
        assert recording.weights.sum() == 0.75
        assert recording.frame_rate is None

    async def test_half_a_line_at_the_end_is_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "face.csv"
        await record(LiveLinkCsv(path), 5)
        path.write_bytes(path.read_bytes()[:-100])
        np.testing.assert_allclose(read_csv(path).weights, weights(4), atol=1e-6)

    @pytest.mark.parametrize(
        "content", [None, "", "hello", "Timecode,BlendshapeCount,JawOpen\n1,1,x"]
    )
    def test_what_is_no_recording_is_the_users_mistake(
        self, tmp_path: Path, content: str | None
    ) -> None:
        path = tmp_path / "face.csv"
        if content is not None:
            path.write_text(content)
        with pytest.raises(ConfigError, match=r"face\.csv is not a readable"):
            read_csv(path)


class TestNpz:
    async def test_everything_comes_back(self, tmp_path: Path) -> None:
        spec = StreamSpec(frame_rate=Fraction(30_000, 1001), lookahead=640)
        await record(NpzRecorder(tmp_path / "face.npz"), 250, spec)
        with np.load(tmp_path / "face.npz") as archive:
            np.testing.assert_array_equal(archive["weights"], weights(250))
            assert archive["weights"].dtype == np.float32
            assert archive["timestamps"].tolist() == [spec.timestamp(i) for i in range(250)]
            assert archive["indices"].tolist() == list(range(250))
            assert archive["turns"].tolist() == [i // 100 for i in range(250)]
            assert tuple(archive["names"]) == arkit.NAMES
            assert archive["frame_rate"].tolist() == [30_000, 1001]
            assert (int(archive["sample_rate"]), int(archive["lookahead"])) == (16_000, 640)
            assert archive["head"].tolist() == [[0.125, -0.25, 0.5]] * 250
            assert set(archive["speech"]) == {np.float32(0.25)}
            assert str(archive["engine"]) == "energy"
        assert os.listdir(tmp_path) == ["face.npz"]

    async def test_an_older_archive_stays_until_there_is_a_new_one(self, tmp_path: Path) -> None:
        path = tmp_path / "face.npz"
        await record(NpzRecorder(path), 3)
        older = path.read_bytes()
        sink = NpzRecorder(path, overwrite=True)
        await sink.open(SPEC, "energy")
        await sink.send(frame(0))
        assert path.read_bytes() == older
        await sink.aclose()
        with np.load(path) as archive:
            assert len(archive["weights"]) == 1

    async def test_what_a_crash_left_is_recovered_by_a_command(self, tmp_path: Path) -> None:
        part = await left_by_a_crash(tmp_path / "face.npz")
        part.write_bytes(part.read_bytes()[:-5])
        result = recover(part)
        assert result.returncode == 0, result.stderr
        assert result.stdout == f"wrote {tmp_path / 'face.npz'}: 9 frames\n"
        with np.load(tmp_path / "face.npz") as archive:
            np.testing.assert_array_equal(archive["weights"], weights(9))
        assert os.listdir(tmp_path) == ["face.npz"]

    async def test_a_new_recording_leaves_a_part_of_an_old_one_as_it_was(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "face.npz"
        part = await left_by_a_crash(path)
        left = part.read_bytes()
        await record(NpzRecorder(path, overwrite=True), 2)
        assert part.read_bytes() == left
        assert sorted(os.listdir(tmp_path)) == ["face.npz", "face.npz.part"]
        result = recover(part)
        assert result.returncode == 0, result.stderr
        with np.load(path) as new, np.load(tmp_path / "face-2.npz") as recovered:
            assert (len(new["weights"]), len(recovered["weights"])) == (2, 10)

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("face.npz.part", "a novel\n", "does not begin as a part does"),
            ("face.npz.part", "", "does not begin as a part does"),
            ("face.npz.part", None, "there is no such file"),
            ("face.csv", "Timecode\n", "is no part of an archive"),
        ],
    )
    def test_what_is_no_part_is_left_alone(
        self, tmp_path: Path, name: str, content: str | None, words: str
    ) -> None:
        part = tmp_path / name
        if content is not None:
            part.write_text(content)
        result = recover(part)
        assert result.returncode == 2
        assert words in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert os.listdir(tmp_path) == ([] if content is None else [name])
        assert content is None or part.read_text() == content

    async def test_an_archive_can_be_recovered_onto_another_disk(self, tmp_path: Path) -> None:
        part = await left_by_a_crash(tmp_path / "face.npz")
        memory = MEMORY if os.access(MEMORY, os.W_OK) else tmp_path
        with tempfile.TemporaryDirectory(dir=memory) as other:
            result = recover(part, "-o", f"{other}/saved.npz")
            assert result.returncode == 0, result.stderr
            with np.load(f"{other}/saved.npz") as archive:
                assert len(archive["weights"]) == 10
            assert os.listdir(other) == ["saved.npz"]
        assert not part.exists()

    async def test_a_part_is_not_overwritten_by_its_archive(self, tmp_path: Path) -> None:
        part = await left_by_a_crash(tmp_path / "face.npz")
        left = part.read_bytes()
        for options in ((), ("--overwrite",)):
            result = recover(part, "-o", str(part), *options)
            assert result.returncode == 2
            assert len(result.stderr.splitlines()) == 1
        assert part.read_bytes() == left
        assert recover(part).returncode == 0
        assert os.listdir(tmp_path) == ["face.npz"]

    @pytest.mark.parametrize("linked", [False, True])
    async def test_no_other_file_is_lost_while_an_archive_is_made(
        self, tmp_path: Path, linked: bool
    ) -> None:
        precious = tmp_path / ("precious.txt" if linked else "face.npz.part.tmp")
        precious.write_text("precious")
        if linked:
            (tmp_path / "face.npz.part.tmp").symlink_to(precious)
        there = os.listdir(tmp_path)
        await record(NpzRecorder(tmp_path / "face.npz"), 3)
        part = await left_by_a_crash(tmp_path / "second.npz")
        assert recover(part, "-o", str(tmp_path / "face.npz"), "--overwrite").returncode == 0
        assert precious.read_text() == "precious"
        assert sorted(os.listdir(tmp_path)) == sorted([*there, "face.npz"])

    def test_two_outputs_and_the_input_are_all_there_in_the_end(self, tmp_path: Path) -> None:
        names = ("face.npz.part.tmp", "other.npz.part.tmp")
        speech = tmp_path / names[0]
        soundfile.write(speech, np.zeros(1_600, np.float32), 16_000, format="WAV")
        heard = speech.read_bytes()
        result = subprocess.run(
            [
                sys.executable, "-m", "facewire", "animate", names[0],
                "-o", "face.npz", "-o", "other.npz", "-o", f"jsonl:{names[1]}",
            ],
            cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert speech.read_bytes() == heard
        assert len((tmp_path / names[1]).read_text().splitlines()) > 5
        assert sorted(os.listdir(tmp_path)) == ["face.npz", names[0], "other.npz", names[1]]

    async def test_an_archive_that_is_being_recorded_cannot_be_recovered(
        self, tmp_path: Path
    ) -> None:
        sink = NpzRecorder(tmp_path / "face.npz")
        await sink.open(SPEC, "energy")
        await sink.send(frame(0))
        assert "another recording is being written" in recover(tmp_path / "face.npz.part").stderr
        await sink.aclose()
        assert os.listdir(tmp_path) == ["face.npz"]


async def left_by_a_crash(path: Path) -> Path:
    """Record ten frames, and leave the part as it is then."""
    clock = ManualClock()
    sink = NpzRecorder(path, clock)
    await sink.open(SPEC, "energy")
    for index in range(10):
        clock.advance(SECOND)
        await sink.send(frame(index))
    part = path.with_name(path.name + ".part")
    left = part.read_bytes()
    await sink.aclose()
    os.remove(path)
    part.write_bytes(left)
    return part


def recover(part: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "facewire", "recover", str(part), *options],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


class TestJsonl:
    async def test_everything_comes_back(self, tmp_path: Path) -> None:
        await record(JsonlRecorder(tmp_path / "face.jsonl"), 20)
        header, *lines = map(json.loads, (tmp_path / "face.jsonl").read_text().splitlines())
        assert header == {
            "type": "stream", "version": 1, "engine": "energy", "names": list(arkit.NAMES),
            "frame_rate": [60, 1], "sample_rate": 16_000, "lookahead": 1_280,
        }  # fmt: skip
        assert [line["index"] for line in lines] == list(range(20))
        assert lines[7]["timestamp"] == SPEC.timestamp(7)
        assert lines[7]["head"] == [0.125, -0.25, 0.5]
        assert set(lines[7]) == {
            "type", "turn", "index", "timestamp", "speech", "head", "weights",
        }  # fmt: skip
        recorded = np.array([line["weights"] for line in lines])
        np.testing.assert_allclose(recorded, weights(20), atol=1e-6)


@pytest.mark.parametrize("kind", RECORDERS)
class TestEveryRecorder:
    async def test_a_missing_folder_is_the_users_mistake(self, kind: str, tmp_path: Path) -> None:
        sink = RECORDERS[kind](tmp_path / "nowhere" / f"face.{kind}", None)
        with pytest.raises(ConfigError, match=r"there is no folder .*nowhere"):
            await sink.open(SPEC, "energy")
        await sink.aclose()

    async def test_a_path_that_cannot_be_written_is_the_users_mistake(
        self, kind: str, tmp_path: Path
    ) -> None:
        target = tmp_path / f"face.{kind}"
        target.mkdir()
        with pytest.raises(ConfigError, match=r"face\."):
            await RECORDERS[kind](target, None).open(SPEC, "energy")

    async def test_it_must_not_miss_a_frame(self, kind: str, tmp_path: Path) -> None:
        assert RECORDERS[kind](tmp_path / "x", None).lossless

    async def test_frames_are_on_disk_after_a_second(self, kind: str, tmp_path: Path) -> None:
        clock = ManualClock()
        path = tmp_path / f"face.{kind}"
        growing = tmp_path / "face.npz.part" if kind == "npz" else path
        sink = RECORDERS[kind](path, clock)
        await sink.open(SPEC, "energy")
        begun = growing.stat().st_size
        await sink.send(frame(0))
        clock.advance(SECOND - 1)
        await sink.send(frame(1))
        assert growing.stat().st_size == begun
        clock.advance(1)
        await sink.send(frame(2))
        assert growing.stat().st_size > begun + 3 * 52 * 4
        await sink.aclose()

    async def test_many_frames_do_not_wait_for_the_clock(self, kind: str, tmp_path: Path) -> None:
        path = tmp_path / f"face.{kind}"
        growing = tmp_path / "face.npz.part" if kind == "npz" else path
        sink = RECORDERS[kind](path, ManualClock())
        await sink.open(SPEC, "energy")
        begun = growing.stat().st_size
        same = frame(0)
        for _ in range(2_000):
            await sink.send(same)
        assert growing.stat().st_size > begun
        await sink.aclose()

    def test_a_killed_process_leaves_what_it_recorded(self, kind: str, tmp_path: Path) -> None:
        path = tmp_path / f"face.{kind}"
        process = subprocess.Popen(
            [sys.executable, "-c", _RECORD_FOR_EVER, f"{kind}:{path}"], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"a second is over\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if kind == "csv":
            assert len(read_csv(path).weights) >= 60
        elif kind == "jsonl":
            assert len(path.read_text().splitlines()) >= 61
        else:
            assert (tmp_path / "face.npz.part").stat().st_size > 60 * 52 * 4


_RECORD_FOR_EVER = """
import asyncio, sys
import numpy as np
from facewire.clock import SECOND, ManualClock
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.uri import sink_from_uri

async def main():
    clock = ManualClock()
    sink = sink_from_uri(sys.argv[1], clock=clock)
    await sink.open(StreamSpec(), "energy")
    index = 0
    while True:
        clock.advance(SECOND // 59)
        await sink.send(BlendshapeFrame(np.zeros(52, np.float32), index, 266 * index))
        index += 1
        if index == 62:
            print("a second is over", flush=True)
            await asyncio.sleep(60)

asyncio.run(main())
"""
