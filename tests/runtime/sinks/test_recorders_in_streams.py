"""Recorders in a stream: which of them are whole, and what is said of the others."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from facewire.clock import SECOND, ManualClock, SystemClock
from facewire.errors import FacewireError
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame
from facewire.recordings.live_link_table import read_csv
from facewire.sinks import recording_file
from facewire.sinks.live_link_csv import LiveLinkCsv
from facewire.sinks.npz import NpzRecorder
from facewire.sinks.wav import WavRecorder
from facewire.sinks.word_times import WordTimesRecorder
from facewire.speaking.voice import Span
from facewire.stream.channel import Channel
from facewire.stream.outputs import RECORDER_CAPACITY, deliver_stream
from facewire.stream.pipeline import inferring
from facewire.stream.report import StreamReport
from facewire.stream.sink import Sink
from facewire.stream.sink_queue import SinkQueue
from facewire_cli.summary import raise_failures
from facewire_engines.energy.engine import EnergyEngine

RATE = 16_000


class Hasty(ManualClock):
    """At every look a second is over."""

    def now(self) -> int:
        self.advance(SECOND)
        return super().now()


async def noise(seconds: float = 1e9) -> AsyncGenerator[AudioChunk, None]:
    random = np.random.default_rng(0)
    for start in range(0, round(seconds * RATE), 1600):
        yield AudioChunk(random.normal(0, 0.1, 1600).astype(np.float32), start, RATE)
        await asyncio.sleep(0)


async def run(
    source: AsyncIterator[AudioChunk], sinks: Sequence[Sink], **options: Any
) -> StreamReport:
    session = EnergyEngine().session()
    options = {"live": False, **options}
    clock = SystemClock()
    return await deliver_stream(
        inferring(source, session, make_face(session.spec), clock), session.spec, sinks,
        engine_name="energy", clock=clock, patience_s=1.0, **options,
    )  # fmt: skip


def said(report: StreamReport) -> str:
    with pytest.raises(FacewireError) as caught:
        raise_failures(report)
    return str(caught.value)


def names(queues: Sequence[SinkQueue[Any]]) -> list[str]:
    return [queue.name.rpartition("/")[2] for queue in queues]


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("live", [False, True])
async def test_others_go_on_without_a_recorder_that_fails(
    live: bool, tmp_path: Path, pipe: Path
) -> None:
    async def until_the_reader_goes() -> AsyncGenerator[AudioChunk, None]:
        async for chunk in noise(3):
            if chunk.start == RATE:
                os.close(reader)
            yield chunk

    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    broken, whole = LiveLinkCsv(pipe, Hasty()), LiveLinkCsv(tmp_path / "a.csv")
    report = await run(until_the_reader_goes(), [broken, whole], live=live)
    assert (names(report.written), names(report.broken)) == (["a.csv"], ["pipe.csv"])
    assert len(read_csv(tmp_path / "a.csv").weights) == report.frames == 180
    assert f"{pipe} is not whole (Broken pipe): " in said(report)


async def test_a_pipe_whose_reader_stands_still_is_given_up(
    tmp_path: Path, pipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_file, "PIPE_PATIENCE_MS", 50)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    async with asyncio.timeout(30):
        report = await run(noise(5), [LiveLinkCsv(pipe, Hasty()), LiveLinkCsv(tmp_path / "a.csv")])
    os.close(reader)
    assert names(report.broken) == ["pipe.csv"]
    assert "its reader takes nothing" in said(report)
    assert len(read_csv(tmp_path / "a.csv").weights) == 300


async def test_what_is_made_for_files_alone_ends_with_the_last_of_them(pipe: Path) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    async def until_the_reader_goes() -> AsyncGenerator[AudioChunk, None]:
        async for chunk in noise():
            if chunk.start == RATE:
                os.close(reader)
            yield chunk

    class Meter:
        lossless = True

        async def open(self, *_: object) -> None: ...
        async def send(self, frame: BlendshapeFrame) -> None: ...
        async def aclose(self) -> None: ...

    async with asyncio.timeout(30):
        report = await run(until_the_reader_goes(), [LiveLinkCsv(pipe, Hasty()), Meter()])
    assert names(report.broken) == ["pipe.csv"]


async def test_a_recorder_that_cannot_finish_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"

    async def while_a_file_appears() -> AsyncGenerator[AudioChunk, None]:
        async for chunk in noise(1):
            if chunk.start == 0:
                path.write_text("somebody else's")
            yield chunk

    report = await run(while_a_file_appears(), [NpzRecorder(path)])
    assert names(report.broken) == ["a.npz"]
    assert "exists by now): 60 frames (1.00 s) are in" in said(report)
    assert path.read_text() == "somebody else's"
    assert (tmp_path / "a.npz.part").exists()


async def test_cancelling_keeps_all_sound_faces_and_words(tmp_path: Path) -> None:
    made = asyncio.Event()

    async def interrupted() -> AsyncGenerator[AudioChunk, None]:
        async for chunk in noise(2):
            words.put_nowait([Span(f"at{chunk.start}", chunk.start, chunk.end)])
            yield chunk
        made.set()
        await asyncio.Event().wait()

    wav = WavRecorder(tmp_path / "a.wav", RATE)
    await wav.open()
    tsv = WordTimesRecorder(tmp_path / "a.tsv", RATE)
    await tsv.open()
    words = SinkQueue[Sequence[Span]](
        tsv.name, tsv.send_words, Channel(64),
        close=tsv.aclose, lossless=True, patience_s=1.0, recording=tsv.recording,
    )  # fmt: skip
    report = StreamReport()
    source = interrupted()
    stream = asyncio.create_task(
        run(
            source, [NpzRecorder(tmp_path / "a.npz"), LiveLinkCsv(tmp_path / "a.csv")],
            listeners=[wav], others=[words], report=report, live=True,
        )
    )  # fmt: skip
    await made.wait()
    stream.cancel()
    with suppress(asyncio.CancelledError):
        await stream
    await source.aclose()
    assert names(report.written) == ["a.npz", "a.csv", "a.wav", "a.tsv"]
    raise_failures(report)
    assert soundfile.info(tmp_path / "a.wav").frames == 2 * RATE
    assert len((tmp_path / "a.tsv").read_text().splitlines()) == 21
    with np.load(tmp_path / "a.npz") as archive:
        assert len(archive["weights"]) == report.frames
    assert len(read_csv(tmp_path / "a.csv").weights) == report.frames


async def test_a_recording_with_gaps_is_not_said_to_be_whole(tmp_path: Path) -> None:
    gate = asyncio.Event()

    class Slow(LiveLinkCsv):
        async def send(self, frame: BlendshapeFrame) -> None:
            await gate.wait()
            await super().send(frame)

    async def long() -> AsyncGenerator[AudioChunk, None]:
        async for chunk in noise(RECORDER_CAPACITY / 60 + 2):
            yield chunk
        gate.set()

    report = await run(long(), [Slow(tmp_path / "a.csv")], live=True)
    lost = report.dropped[f"csv:{tmp_path / 'a.csv'}"]
    assert lost > 60
    assert not report.written
    assert f"a.csv lacks {lost} items that came faster" in said(report)
    assert len(read_csv(tmp_path / "a.csv").weights) == report.frames - lost
