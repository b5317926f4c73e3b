"""What every recorder owes: a new one signs by a line in RECORDERS.

The file is also the program that records for ever, until it is killed or its disk is full.
"""

import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
import soundfile

from facewire import arkit
from facewire.clock import SECOND, Clock, ManualClock, SystemClock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.plugins import plugins
from facewire.sinks.jsonl import JsonlRecorder
from facewire.sinks.live_link_csv import LiveLinkCsv, read_csv
from facewire.sinks.npz import NpzRecorder, save_part
from facewire.sinks.uri import SPEECH
from facewire.sinks.wav import WavRecorder
from facewire.sinks.word_times import WordTimesRecorder
from facewire.speaking.voice import Span

RATE = 16_000
CHUNK = 160
NOBODY = 65_534
RUNNER = Path(__file__)
SPEC = StreamSpec()


class Signatory(Protocol):
    """How the tests use a kind of recorder; a step is a frame, a chunk or a word."""

    def make(self, path: Path, clock: Clock | None, overwrite: bool) -> Any: ...

    async def open(self, recorder: Any) -> None: ...

    async def send(self, recorder: Any, step: int) -> None: ...

    def read(self, path: Path) -> int:
        """Return how many steps a file holds, once each was found to be as it was sent."""
        ...


@dataclass(frozen=True)
class Faces:
    kind: Any
    weights: Callable[[Path], np.ndarray]

    def make(self, path: Path, clock: Clock | None, overwrite: bool) -> Any:
        return self.kind(path, clock, overwrite=overwrite)

    async def open(self, recorder: Any) -> None:
        await recorder.open(SPEC, "energy")

    async def send(self, recorder: Any, step: int) -> None:
        weights = np.full(arkit.COUNT, self._value(step), np.float32)
        await recorder.send(BlendshapeFrame(weights, step, SPEC.timestamp(step)))

    def read(self, path: Path) -> int:
        weights = self.weights(path)
        steps = np.arange(len(weights))[:, None]
        np.testing.assert_allclose(weights, np.broadcast_to(self._value(steps), weights.shape))
        return len(weights)

    @staticmethod
    def _value(step: Any) -> Any:
        return (step % 128) / 128


class Sound:
    def make(self, path: Path, clock: Clock | None, overwrite: bool) -> Any:
        return WavRecorder(path, RATE, clock, overwrite=overwrite)

    async def open(self, recorder: Any) -> None:
        await recorder.open()

    async def send(self, recorder: Any, step: int) -> None:
        samples = np.full(CHUNK, (step % 128) / 128, np.float32)
        await recorder.send_audio(AudioChunk(samples, step * CHUNK, RATE))

    def read(self, path: Path) -> int:
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == RATE
        steps = np.arange(len(samples)) // CHUNK
        np.testing.assert_array_equal(samples, (steps % 128) / 128)
        return len(samples) // CHUNK


class Words:
    def make(self, path: Path, clock: Clock | None, overwrite: bool) -> Any:
        return WordTimesRecorder(path, RATE, clock, overwrite=overwrite)

    async def open(self, recorder: Any) -> None:
        await recorder.open()

    async def send(self, recorder: Any, step: int) -> None:
        await recorder.send_words([Span(f"word{step}", step * RATE, (step + 1) * RATE)])

    def read(self, path: Path) -> int:
        heading, *lines = path.read_text().splitlines()
        assert heading.split("\t") == ["start_s", "end_s", "word"]
        assert lines == [f"{n}.000\t{n + 1}.000\tword{n}" for n in range(len(lines))]
        return len(lines)


def jsonl_weights(path: Path) -> np.ndarray:
    header, *lines = map(json.loads, path.read_text().splitlines())
    assert header["type"] == "stream"
    return np.array([line["weights"] for line in lines]).reshape(-1, arkit.COUNT)


def npz_weights(path: Path) -> np.ndarray:
    """Read an archive, or what was left of it, as its user would: by making one of it."""
    part = path.with_name(path.name + ".part")
    if part.exists():
        save_part(part, path, overwrite=False)
    with np.load(path) as archive:
        weights: np.ndarray = archive["weights"]
    return weights


RECORDERS: dict[str, Signatory] = {
    "csv": Faces(LiveLinkCsv, lambda path: read_csv(path).weights),
    "jsonl": Faces(JsonlRecorder, jsonl_weights),
    "npz": Faces(NpzRecorder, npz_weights),
    "wav": Sound(),
    "tsv": Words(),
}


@pytest.fixture(params=RECORDERS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def path(kind: str, tmp_path: Path) -> Path:
    return tmp_path / f"take.{kind}"


async def opened(
    kind: str, path: Path, *, clock: Clock | None = None, overwrite: bool = False
) -> Any:
    recorder = RECORDERS[kind].make(path, clock, overwrite)
    await RECORDERS[kind].open(recorder)
    return recorder


async def record(kind: str, path: Path, steps: int, *, overwrite: bool = False) -> Any:
    recorder = await opened(kind, path, overwrite=overwrite)
    for step in range(steps):
        await RECORDERS[kind].send(recorder, step)
    await recorder.aclose()
    await recorder.aclose()
    return recorder


def test_every_recorder_has_signed() -> None:
    files = {sink.name[1:] for sink in plugins("sink") if sink.name.startswith(".")}
    assert set(RECORDERS) == {*files, *SPEECH.also}


async def test_what_is_whole_says_so(kind: str, path: Path) -> None:
    recorder = await opened(kind, path)
    await RECORDERS[kind].send(recorder, 0)
    assert not recorder.recording.whole
    await recorder.aclose()
    recording = (await record(kind, path, 150, overwrite=True)).recording
    assert recording.whole
    assert recording.kept == 150 * (CHUNK if kind == "wav" else 1)
    assert recording.path == path
    assert RECORDERS[kind].read(path) == 150
    assert os.listdir(path.parent) == [path.name]


async def test_a_recording_of_nothing_leaves_nothing(kind: str, path: Path) -> None:
    recording = (await record(kind, path, 0)).recording
    assert recording.kept == 0
    assert os.listdir(path.parent) == []
    await record(kind, path, 7)
    await record(kind, path, 0, overwrite=True)
    assert RECORDERS[kind].read(path) == 7


async def test_a_file_that_exists_is_kept_unless_it_may_be_overwritten(
    kind: str, path: Path
) -> None:
    await record(kind, path, 9)
    with pytest.raises(ConfigError, match=rf"take\.{kind} exists; .*--overwrite"):
        await record(kind, path, 3)
    assert RECORDERS[kind].read(path) == 9
    await record(kind, path, 3, overwrite=True)
    assert RECORDERS[kind].read(path) == 3


async def test_an_empty_file_is_used_as_it_is(kind: str, path: Path) -> None:
    os.close(os.open(path, os.O_CREAT))
    await record(kind, path, 4)
    assert RECORDERS[kind].read(path) == 4


async def test_a_link_to_a_file_that_is_not_there_yet_makes_it(kind: str, path: Path) -> None:
    os.mkdir(path.parent / "elsewhere")
    os.symlink(f"elsewhere/real.{kind}", path)
    await record(kind, path, 4)
    assert RECORDERS[kind].read(path.parent / "elsewhere" / f"real.{kind}") == 4


async def test_two_recordings_do_not_share_a_file(kind: str, path: Path) -> None:
    first = await opened(kind, path)
    with pytest.raises(ConfigError, match="another recording is being written there"):
        await opened(kind, path, overwrite=True)
    await RECORDERS[kind].send(first, 0)
    await first.aclose()
    assert RECORDERS[kind].read(path) == 1


@pytest.mark.parametrize("moved", [False, True])
async def test_a_file_that_goes_away_while_it_is_recorded_is_not_whole(
    moved: bool, kind: str, path: Path
) -> None:
    recorder = await opened(kind, path)
    await RECORDERS[kind].send(recorder, 0)
    (growing,) = path.parent.iterdir()
    if moved:
        os.rename(growing, path.with_name("elsewhere"))
    else:
        os.remove(growing)
    with pytest.raises(OSError, match="moved or removed"):
        await recorder.aclose()
    assert not recorder.recording.whole
    assert bool(recorder.recording.kept) is moved


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nowhere/{}", r"there is no folder .*nowhere; make it"),
        ("file/{}", r"Not a directory"),
        ("folder", r"folder.* \(Is a directory\)|folder is no file on a disk"),
        ("long" * 80 + "{}", r"\(File name too long\)"),
        ("nul\0{}", "null byte"),
        ("/proc/{}", r"cannot write /proc/take\.\w+(\.part)? \(No such file or directory\)"),
        ("loop/{}", "Too many levels of symbolic links"),
    ],
)
async def test_the_true_reason_is_one_sentence(
    kind: str, tmp_path: Path, place: str, why: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    where = tmp_path / place.format(f"take.{kind}")
    with pytest.raises(ConfigError, match=why) as caught:
        await opened(kind, where)
    assert "\n" not in str(caught.value)


async def test_a_folder_that_may_not_be_written_is_said_to_be_one(
    kind: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    user = os.geteuid()
    # Nobody may not read the folders that modules come from.
    await record(kind, Path(path.name), 1)
    os.remove(path.name)
    os.chmod(path.parent, 0o555)
    try:
        if user == 0:
            os.seteuid(NOBODY)
        with pytest.raises(ConfigError, match=r"cannot write \S*take\.\S+ \(Permission denied\)"):
            await opened(kind, Path(path.name))
    finally:
        os.seteuid(user)


async def test_a_pipe_that_nobody_reads_is_refused(kind: str, path: Path) -> None:
    os.mkfifo(path)
    async with asyncio.timeout(10):
        with pytest.raises(ConfigError, match=r"nobody reads the pipe|no file on a disk"):
            await opened(kind, path)


async def test_devices_are_written_to_where_that_has_a_meaning(kind: str) -> None:
    for device in ("/dev/null", "/dev/full"):
        before = os.stat(device)
        try:
            recorder = await record(kind, Path(device), 5)
        except ConfigError as error:
            refused = str(error)
            assert ("no file on a disk" if kind == "npz" else "No space left on device") in refused
        else:
            assert device == "/dev/null"
            assert recorder.recording.whole
        assert os.stat(device) == before


async def test_what_was_sent_is_there_in_order_when_writing_is_cancelled(
    kind: str, path: Path
) -> None:
    recorder = await opened(kind, path, clock=Hasty())
    for step in range(40):
        sending = asyncio.create_task(RECORDERS[kind].send(recorder, step))
        await asyncio.sleep(0)
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
    await recorder.aclose()
    assert RECORDERS[kind].read(path) == 40


class Hasty(ManualClock):
    """At every look a second is over."""

    def now(self) -> int:
        self.advance(SECOND)
        return super().now()


async def test_a_second_of_the_clock_brings_it_to_disk(kind: str, path: Path) -> None:
    clock = ManualClock()
    recorder = await opened(kind, path, clock=clock)
    await RECORDERS[kind].send(recorder, 0)
    await RECORDERS[kind].send(recorder, 1)
    clock.advance(SECOND)
    await RECORDERS[kind].send(recorder, 2)
    assert recorder.recording.kept == 3 * (CHUNK if kind == "wav" else 1)
    assert not recorder.recording.whole
    await recorder.aclose()


def start(kind: str, path: Path, *, limit: int = 0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(RUNNER), kind, str(path), str(limit)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_kill_9_loses_the_last_second_at_most(tmp_path: Path) -> None:
    chance = random.Random(9)
    moments = {kind: chance.uniform(1.1, 3.0) for kind in RECORDERS}
    with ExitStack() as stack:
        running = {
            kind: stack.enter_context(start(kind, tmp_path / f"take.{kind}")) for kind in RECORDERS
        }
        for process in running.values():
            assert process.stdout is not None
            process.stdout.readline()
        began = time.monotonic()
        for kind, moment in sorted(moments.items(), key=lambda item: item[1]):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            running[kind].kill()
        said = {kind: process.communicate()[0] for kind, process in running.items()}
    for kind, text in said.items():
        # The last line may have been cut in the middle.
        times = [float(line) for line in text.splitlines()[:-1]]
        due = sum(later <= times[-1] - 1 for later in times[1:])
        assert due > 5, kind
        assert RECORDERS[kind].read(tmp_path / f"take.{kind}") >= due, (kind, moments[kind])


@pytest.mark.parametrize("limit", [60_000, 1_000])
def test_a_full_disk_leaves_what_can_be_read(kind: str, path: Path, limit: int) -> None:
    with start(kind, path, limit=limit) as process:
        said, _ = process.communicate(timeout=60)
    found = json.loads(said.splitlines()[-1])
    assert found["failure"] == "File too large"
    assert not found["whole"]
    if not found["kept"]:
        assert limit == 1_000
        assert found["usable"] == "nothing of it can be used"
        assert os.listdir(path.parent) == []
        return
    steps = found["kept"] // (CHUNK if kind == "wav" else 1)
    assert str(found["kept"]) in found["usable"] or kind == "wav"
    assert RECORDERS[kind].read(path) == steps


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def _record_for_ever(kind: str, path: Path, limit: int) -> None:
    """Record in real time and say when each step was sent; with a limit, as fast as it goes."""
    recorder = await opened(kind, path, clock=SystemClock())
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    step = 0
    try:
        while step < 100_000:
            now = time.monotonic()
            await RECORDERS[kind].send(recorder, step)
            step += 1
            if not limit:
                say(f"{now}")
                await asyncio.sleep(0.005)
        await recorder.aclose()
    except OSError as error:
        with suppress(OSError):
            await recorder.aclose()
        recording = recorder.recording
        said = {"failure": error.strerror, "whole": recording.whole}
        say(json.dumps({**said, "kept": recording.kept, "usable": recording.usable()}))


if __name__ == "__main__":
    asyncio.run(_record_for_ever(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
