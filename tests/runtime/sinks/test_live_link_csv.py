"""Recordings in the form of Live Link Face."""

import csv
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.runtime.sinks.recordings import SPEC, frame, record, weights

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.recordings import read_recording
from facewire.recordings.live_link_table import read_csv
from facewire.sinks.live_link.timecode import Timecodes
from facewire.sinks.live_link_csv import COLUMNS, ROTATIONS, LiveLinkCsv
from facewire.sinks.uri import sink_from_uri


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
        assert Timecodes(spec, "00:00:00:00").at(spec.timestamp(index)) == expected

    def test_no_timecode_comes_twice_in_an_hour(self) -> None:
        spec = StreamSpec(frame_rate=Fraction(60_000, 1001))
        count, codes = 3_600 * 60, Timecodes(spec, "00:00:00:00")
        assert len({codes.at(spec.timestamp(index)) for index in range(count)}) == count

    @pytest.mark.parametrize(
        ("rate", "start", "index", "expected"),
        [
            ("30", "01:00:00:00", 0, "01:00:00:00.000"),
            ("30", "01:00:00:29", 1, "01:00:01:00.000"),
            ("24", "9:59:59:23", 1, "10:00:00:00.000"),
            ("60", "23:59:59:59", 1, "00:00:00:00.000"),
            ("30000/1001", "00:01:00:00", 1800, "00:02:00:00.000"),
        ],
    )
    def test_they_begin_where_it_is_asked(
        self, rate: str, start: str, index: int, expected: str
    ) -> None:
        spec = StreamSpec(frame_rate=Fraction(rate))
        assert Timecodes(spec, start).at(spec.timestamp(index)) == expected

    async def test_options_change_what_they_name(self, tmp_path: Path) -> None:
        path = tmp_path / "face.csv"
        uri = f"{path}?timecode=23:59:59:40&count=BlendShapeCount&head=no"
        await record(sink_from_uri(uri), 130)
        header, first, *_ = path.read_text().splitlines()
        assert header.split(",")[:2] == ["Timecode", "BlendShapeCount"]
        assert header.split(",")[2:] == list(COLUMNS[2:])
        assert first.startswith("23:59:59:40.000,61,")
        again = read_recording(path)
        np.testing.assert_allclose(again.weights, weights(130), atol=1e-6)
        assert again.timestamps.tolist() == [SPEC.timestamp(index) for index in range(130)]
        assert not again.head.any()

    async def test_a_frame_that_no_second_has_is_refused(self, tmp_path: Path) -> None:
        sink = sink_from_uri(f"{tmp_path}/face.csv?timecode=01:00:00:30")
        with pytest.raises(ConfigError, match="a frame from 0 to 23"):
            await sink.open(StreamSpec(frame_rate=Fraction(24)), "energy")
        assert not os.listdir(tmp_path)

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
