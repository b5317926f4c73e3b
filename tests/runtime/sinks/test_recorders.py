"""Recordings: read back as they were, and on disk whatever happens."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.runtime.sinks.recordings import SPEC, frame, record, weights

from facewire import arkit
from facewire.clock import SECOND, ManualClock
from facewire.errors import ConfigError
from facewire.recordings.live_link_table import read_csv
from facewire.sinks.jsonl import JsonlRecorder
from facewire.sinks.live_link_csv import LiveLinkCsv
from facewire.sinks.npz import NpzRecorder
from facewire.stream.sink import Sink

RECORDERS: dict[str, Callable[..., Sink]] = {
    "csv": LiveLinkCsv,
    "npz": NpzRecorder,
    "jsonl": JsonlRecorder,
}


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
