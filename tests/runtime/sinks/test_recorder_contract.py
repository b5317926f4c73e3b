"""What every recorder owes: a new one signs by a line in RECORDERS of recorder_signatories.py."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest
from tests.runtime.sinks.recorder_signatories import CHUNK, RECORDERS, opened, record

from facewire.clock import SECOND, ManualClock
from facewire.errors import ConfigError
from facewire.plugins import plugins
from facewire.sinks.uri import SPEECH

NOBODY = 65_534


@pytest.fixture(params=RECORDERS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def path(kind: str, tmp_path: Path) -> Path:
    return tmp_path / f"take.{kind}"


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
