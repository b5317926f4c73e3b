"""What a recorder leaves when it is killed or its disk is full.

The file is also the program that records for ever, until that happens.
"""

import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from tests.runtime.sinks.recorder_signatories import CHUNK, RECORDERS, opened

from facewire.clock import SystemClock

ROOT = Path(__file__).parents[3]
RUNNER = "tests.runtime.sinks.test_recorder_deaths"


@pytest.fixture(params=RECORDERS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def path(kind: str, tmp_path: Path) -> Path:
    return tmp_path / f"take.{kind}"


def start(kind: str, path: Path, *, limit: int = 0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", RUNNER, kind, str(path), str(limit)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
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
