"""Archives of numpy, and the parts that crashes leave."""

import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.runtime.sinks.recordings import SPEC, frame, record, weights

from facewire import arkit
from facewire.clock import SECOND, ManualClock
from facewire.frames import StreamSpec
from facewire.sinks.npz import NpzRecorder

MEMORY = Path("/dev/shm")
"""Where Linux has a disk of its own in memory."""


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
