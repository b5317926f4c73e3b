"""Turns of speech over real sockets, with the real voice and the real model."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.clients.python.speaking.heard import BOB, HELLO, Heard, until, url

from facewire.clock import SECOND, SystemClock
from facewire.server.server import FaceServer
from facewire.wire.binary import WireFrame
from facewire_client import (
    AudioRun,
    Interrupted,
    Paused,
    PlayoutBuffer,
    Problem,
    Resumed,
    ServerError,
    SpeakClient,
    TurnBegins,
    Words,
)

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")


ROOT = Path(__file__).parents[4]


async def test_text_becomes_sound_and_a_face_that_leads(server: FaceServer) -> None:
    heard = Heard()
    async with SpeakClient(url(server), idle=False) as speaker:
        assert speaker.hello.sample_rate == 16_000
        assert speaker.hello.tokens is not None
        assert await speaker.say(BOB) == 1
        await speaker.end()
        await heard.read(speaker)
        assert speaker.ended is not None
    (begins,), (ends,) = heard.begins, heard.ends
    assert (begins.turn, begins.at) == (1, 0)
    assert heard.words == BOB.split()
    runs = heard.sound(1)
    assert [run.start for run in runs[1:]] == [r.start + len(r.samples) for r in runs[:-1]]
    assert (runs[0].start, runs[-1].start + len(runs[-1].samples) - 1) == (
        begins.sample, ends.sample,
    )  # fmt: skip
    assert max(np.abs(run.samples).max() for run in runs) > 0.1
    shown = [frame for frame in heard.frames if frame.turn == 1]
    assert len(shown) == ends.frames
    assert shown[0].timestamp == begins.sample
    assert max(frame.by_name["jawOpen"] for frame in shown) > 0.2
    indices = [frame.index for frame in heard.frames]
    assert indices == list(range(len(indices)))
    assert heard.largest_step() < 0.6
    assert ends.face_lead_ms is not None
    assert ends.face_lead_ms.median > ends.face_lead_ms.first
    kinds = [type(event) for event in heard.events if not isinstance(event, WireFrame)]
    assert kinds[:3] == [TurnBegins, Words, AudioRun]


async def test_the_program_of_the_docs_shows_and_plays(server: FaceServer) -> None:
    page = (ROOT / "docs" / "speak.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(program.replace("ws://127.0.0.1:8765", url(server)), names)
    shown: list[int] = []
    played: list[int] = []
    await names["speak"](
        BOB,
        lambda timestamp, weights: shown.append(timestamp),
        lambda start, samples: played.append(start + len(samples)),
    )
    assert shown == sorted(shown)
    assert played[-1] > 16_000
    assert shown[-1] > played[0]


async def test_a_player_finds_sound_and_faces_by_sample(server: FaceServer) -> None:
    buffer = PlayoutBuffer()
    async with SpeakClient(url(server), idle=False, pacing="burst") as speaker:
        await speaker.say(BOB)
        await speaker.end()
        heard = await Heard().read(speaker)
    for event in heard.events:
        buffer.add(event)
    played = np.concatenate([run.samples for run in heard.sound(1)])
    start = heard.begins[0].sample
    assert start > 0
    before = buffer.face(start - 1)
    assert before is not None
    assert before.turn == 0
    face = buffer.face(start + 8_000)
    assert face is not None
    assert start + 7_700 < face.timestamp <= start + 8_000
    np.testing.assert_array_equal(buffer.sound(start - 100, 500)[100:], played[:400])
    sound = buffer.sound(start + 400, len(played))
    np.testing.assert_array_equal(sound[:-400], played[400:])
    assert not sound[-400:].any()


async def test_words_that_come_one_by_one_are_spoken_before_the_text_ends(
    server: FaceServer,
) -> None:
    asked: list[float] = []

    async def words() -> AsyncIterator[str]:
        for word in HELLO:
            await asyncio.sleep(0.2)
            asked.append(time.monotonic())
            yield word + " "

    heard, began = Heard(), 0.0
    async with SpeakClient(url(server), idle=False) as speaker, asyncio.TaskGroup() as tasks:
        saying = tasks.create_task(speaker.say(words()))
        await until(speaker, heard, TurnBegins)
        began = time.monotonic()
        assert not saying.done()
        await saying
        await speaker.end()
        await heard.read(speaker)
    assert began < asked[-1]
    assert heard.words == HELLO
    (ends,) = heard.ends
    runs = heard.sound(1)
    spoken = sum(len(run.samples) for run in runs)
    breaks = [after.start - before.start - len(before.samples) for before, after in pairwise(runs)]
    assert min(breaks) == 0
    resumed = [begins.at for begins in heard.begins]
    assert sum(gap > 0 for gap in breaks) == len(resumed) - 1
    assert resumed == sorted(resumed)
    assert ends.frames == pytest.approx(spoken * 60 / 16_000, abs=len(heard.begins) + 1)
    assert heard.largest_step() < 0.6


@pytest.mark.parametrize("form", ["binary", "json"])
async def test_a_mute_has_faces_and_words_but_no_sound(quick: FaceServer, form: str) -> None:
    async with SpeakClient(
        url(quick),
        audio=False,
        frame_rate="30000/1001",
        format="json" if form == "json" else "binary",
    ) as speaker:
        await speaker.say(BOB)
        await speaker.end()
        heard = await Heard().read(speaker)
    assert not heard.of(AudioRun)
    assert heard.words == BOB.split()
    (ends,) = heard.ends
    assert ends.frames == sum(frame.turn == 1 for frame in heard.frames)
    assert ends.frames > 40


async def test_turns_queue_and_a_cut_takes_their_place(quick: FaceServer) -> None:
    heard = Heard()
    async with SpeakClient(url(quick), idle=False) as speaker:
        for text in ("One is first.", "Two goes on and on, " * 50, "Three is never heard."):
            await speaker.say(text)
        while 2 not in [begins.turn for begins in heard.begins]:
            await until(speaker, heard, TurnBegins)
        await speaker.say("Now four!", mode="cut")
        await speaker.end()
        await heard.read(speaker)
    # The tail of the first can still sound when the second begins to leave.
    (cut,) = [event for event in heard.events if isinstance(event, Interrupted)]
    assert (cut.turn, cut.dropped) in ((1, [2, 3]), (2, [3]))
    assert sorted({begins.turn for begins in heard.begins}) == [1, 2, 4]
    assert [ends.turn for ends in heard.ends] == [1, 4]
    assert not heard.sound(3)
    place = heard.events.index(cut)
    for event in heard.events[place:]:
        if isinstance(event, (WireFrame, AudioRun)):
            assert event.turn in (0, 4)
    assert heard.largest_step() < 0.6


async def test_a_pause_stands_still_and_goes_on(server: FaceServer) -> None:
    heard = Heard()
    async with SpeakClient(url(server), idle=False) as speaker:
        await speaker.say(BOB)
        await until(speaker, heard, AudioRun)
        await speaker.pause()
        paused = await until(speaker, heard, Paused)
        count = len(heard.events)
        await asyncio.sleep(0.4)
        await speaker.resume()
        resumed = await until(speaker, heard, Resumed)
        assert isinstance(paused, Paused)
        assert isinstance(resumed, Resumed)
        assert resumed.sample == paused.sample
        assert len(heard.events) == count + 1
        await speaker.end()
        await heard.read(speaker)
    indices = [frame.index for frame in heard.frames]
    assert indices == list(range(len(indices)))
    assert [ends.turn for ends in heard.ends] == [1]


async def test_the_server_keeps_to_what_the_client_hears(server: FaceServer) -> None:
    heard = Heard()
    async with SpeakClient(url(server), idle=False) as speaker:
        await speaker.say(BOB)
        begins = await until(speaker, heard, TurnBegins)
        assert isinstance(begins, TurnBegins)
        later = SystemClock().now() + SECOND // 2
        await speaker.set_playout(begins.sample, later)
        second = begins.sample + 16_000
        async for event in speaker:
            heard.add(event)
            if isinstance(event, WireFrame) and event.timestamp >= second:
                break
        assert SystemClock().now() >= later + SECOND - SECOND // 10 - SECOND // 50
        await speaker.set_playout(-5)
        assert await until(speaker, heard, Problem)
    assert "cannot be heard" in heard.problems[0]


async def test_bursts_leave_as_fast_as_they_are_made(server: FaceServer) -> None:
    began = time.monotonic()
    async with SpeakClient(url(server), pacing="burst") as speaker:
        await speaker.say(f"{BOB} " * 10)
        await speaker.end()
        heard = await Heard().read(speaker)
    (ends,) = heard.ends
    assert ends.frames > 12 * 60
    assert time.monotonic() - began < ends.frames / 60
    assert {frame.turn for frame in heard.frames} <= {0, 1}


async def test_without_the_voice_there_is_one_clear_error(tmp_path: Path) -> None:
    loader = "def get_library_path(): return '/nowhere'\nget_data_path = str\n"
    (tmp_path / "espeakng_loader.py").write_text(loader)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "facewire", "serve", "--port", "0",
        env=os.environ | {"PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        while not (found := re.search(rb"127\.0\.0\.1:\d+", await process.stderr.readline())):
            assert process.returncode is None
        address = f"ws://{found[0].decode()}"
        with pytest.raises(ServerError, match=r"pip install \"espeakng-loader") as caught:
            await SpeakClient(address, language="de").__aenter__()
        assert caught.value.code == "unsupported"
        async with SpeakClient(address, text=False) as speaker:
            await speaker.end()
            assert not (await Heard().read(speaker)).begins
    finally:
        process.terminate()
        await process.wait()


async def run_python(*arguments: str) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().splitlines()


async def test_the_turns_in_the_readme_are_spoken(server: FaceServer) -> None:
    text = (ROOT / "clients" / "python" / "README.md").read_text()
    (program,) = [
        s for s in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "SpeakClient" in s
    ]
    assert "ws://127.0.0.1:8765" in program
    lines = await run_python("-c", program.replace("ws://127.0.0.1:8765", url(server)))
    assert any(line.startswith("turn 1 begins") for line in lines)
    assert any("jawOpen" in line for line in lines)
    assert lines[-1].startswith("turn 1 ended")
