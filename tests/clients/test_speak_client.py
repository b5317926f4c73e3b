"""Turns of speech over real sockets, with the real voice and the real model."""

import asyncio
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from facewire.clock import SECOND, Clock, SystemClock
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire.wire.binary import WireFrame
from facewire_client import (
    AudioRun,
    Interrupted,
    NotInterrupted,
    Paused,
    PlayoutBuffer,
    Problem,
    Resumed,
    ServerError,
    SpeakClient,
    SpeechEvent,
    TurnBegins,
    TurnEnds,
    Words,
)
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.phone_set import INDEX

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")

ROOT = Path(__file__).parents[2]
BOB = "Bob bought my puppy a map."
HELLO = ["Hello", "there,", "my", "friend.", "How", "are", "you?"]


class QuickClock:
    """The machine's time, but faster."""

    def __init__(self, speed: int) -> None:
        self._speed = speed

    def now(self) -> int:
        return time.monotonic_ns() * self._speed

    async def sleep_until(self, when: int) -> None:
        await asyncio.sleep(max(when - self.now(), 0) / self._speed / SECOND)


@pytest.fixture(scope="module")
def engine() -> PhonesEngine:
    return load_embedded()


def serve(engine: PhonesEngine, clock: Clock | None = None) -> FaceServer:
    return FaceServer(engine, make_face, clock=clock or SystemClock(), port=0)


@pytest.fixture
async def server(engine: PhonesEngine) -> AsyncIterator[FaceServer]:
    async with serve(engine) as server:
        yield server


@pytest.fixture
async def quick(engine: PhonesEngine) -> AsyncIterator[FaceServer]:
    async with serve(engine, QuickClock(8)) as server:
        yield server


def url(server: FaceServer) -> str:
    return f"ws://{server.address}"


class Heard:
    """What a client was told, and what it would have shown and played."""

    def __init__(self) -> None:
        self.events: list[SpeechEvent] = []
        self.frames: list[WireFrame] = []

    def add(self, event: SpeechEvent) -> None:
        self.events.append(event)
        if isinstance(event, WireFrame):
            self.frames.append(event)
        if isinstance(event, Interrupted) and event.frame is not None:
            self.frames = [frame for frame in self.frames if frame.index <= event.frame]

    async def read(self, client: SpeakClient) -> "Heard":
        async for event in client:
            self.add(event)
        return self

    def of(self, kind: type[SpeechEvent]) -> list[SpeechEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def begins(self) -> list[TurnBegins]:
        return [event for event in self.events if isinstance(event, TurnBegins)]

    @property
    def ends(self) -> list[TurnEnds]:
        return [event for event in self.events if isinstance(event, TurnEnds)]

    @property
    def problems(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Problem)]

    @property
    def words(self) -> list[str]:
        lists = [event.words for event in self.events if isinstance(event, Words)]
        return [word.word for words in lists for word in words]

    def sound(self, turn: int) -> list[AudioRun]:
        return [e for e in self.events if isinstance(e, AudioRun) and e.turn == turn]

    def largest_step(self) -> float:
        steps = [
            float(np.abs(after.weights - before.weights).max())
            for before, after in pairwise(self.frames)
        ]
        return max(steps, default=0)


async def until(
    client: SpeakClient, heard: Heard, kind: type[SpeechEvent] | tuple[type[SpeechEvent], ...]
) -> SpeechEvent:
    """Take events up to one of a kind; the test's timeout is how long that may take."""
    async for event in client:
        heard.add(event)
        if isinstance(event, kind):
            return event
    raise AssertionError(f"the stream ended without {kind}")


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


class TestTextThatBreaksOff:
    """A turn whose text fails is ended, so that the next one is spoken."""

    async def test_pieces_that_raise(self, quick: FaceServer) -> None:
        async def model() -> AsyncIterator[str]:
            yield "Bob. "
            raise LookupError("no more words")

        async with SpeakClient(url(quick)) as speaker:
            with pytest.raises(LookupError, match="no more words"):
                await speaker.say(model())
            await self.next_is_spoken(speaker)

    async def test_a_caller_that_is_cancelled(self, quick: FaceServer) -> None:
        async def model() -> AsyncIterator[str]:
            yield "Bob. "
            await asyncio.Event().wait()

        async with SpeakClient(url(quick)) as speaker:
            saying = asyncio.create_task(speaker.say(model()))
            await asyncio.sleep(0.1)
            saying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await saying
            await self.next_is_spoken(speaker)

    async def test_a_server_that_is_gone_hides_no_mistake(self, server: FaceServer) -> None:
        async def model() -> AsyncIterator[str]:
            yield "Bob. "
            await speaker.__aexit__(None, None, None)
            raise LookupError("no more words")

        async with SpeakClient(url(server)) as speaker:
            with pytest.raises(LookupError):
                await speaker.say(model())

    async def next_is_spoken(self, speaker: SpeakClient) -> None:
        await speaker.say("Map.")
        ended: list[int] = []
        async with asyncio.timeout(20):
            async for event in speaker:
                if isinstance(event, TurnEnds):
                    ended.append(event.turn)
                if ended == [1, 2]:
                    return


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


async def push_tokens(speaker: SpeakClient, length: int = 12) -> None:
    """Say something that sounds and looks the same each time, which the voice does not."""
    turn = await speaker.begin(tokens=True, audio=False)
    said = [INDEX[phone] for phone in ("sil", "m", "aa", "p", "ow", "sil")]
    await speaker.send_tokens(turn, np.repeat(said, length))
    await speaker.end_turn(turn)


class TestInterrupts:
    async def test_one_stops_the_turn_and_the_next_starts_clean(self, server: FaceServer) -> None:
        heard = Heard()
        async with SpeakClient(url(server), idle=False, pacing="burst") as speaker:
            await speaker.say(f"{BOB} {BOB} {BOB}")
            while sum(len(run.samples) for run in heard.sound(1)) < 8_000:
                await until(speaker, heard, AudioRun)
            await speaker.interrupt(1, at_ms=250)
            cut = await until(speaker, heard, Interrupted)
            await push_tokens(speaker)
            await speaker.end()
            await heard.read(speaker)
        assert isinstance(cut, Interrupted)
        begins = heard.begins[0]
        assert (cut.sample, cut.at_ms, cut.speech_ms) == (begins.sample + 3_999, 250, 250)
        assert cut.frame is not None
        (last,) = [frame for frame in heard.frames if frame.index == cut.frame]
        assert last.timestamp <= begins.sample + 3_999
        alone = Heard()
        async with SpeakClient(url(server), idle=False, pacing="burst") as speaker:
            await push_tokens(speaker)
            await speaker.end()
            await alone.read(speaker)
        after = [frame.weights for frame in heard.frames if frame.turn == 2]
        fresh = [frame.weights for frame in alone.frames if frame.turn == 1]
        assert len(after) == len(fresh) == 44
        np.testing.assert_array_equal(after[9:], fresh[9:])

    async def test_what_cannot_be_stopped_is_said(self, quick: FaceServer) -> None:
        heard = Heard()
        async with SpeakClient(url(quick)) as speaker:
            await speaker.interrupt()
            await speaker.interrupt(7)
            await speaker.say("Yes.")
            await until(speaker, heard, TurnEnds)
            queued = [await speaker.say(BOB) for _ in range(3)]
            await speaker.interrupt(queued[1])
            await until(speaker, heard, Interrupted)
            for number in (queued[1], queued[2], 99):
                await speaker.interrupt(number)
            await speaker.end()
            await heard.read(speaker)
        answers = [
            event for event in heard.events if isinstance(event, (Interrupted, NotInterrupted))
        ]
        assert answers[:3] == [
            NotInterrupted(turn=0, reason="over"),
            NotInterrupted(turn=7, reason="unknown"),
            Interrupted(turn=3, sample=None, frame=None, at_ms=0, speech_ms=0, dropped=[4]),
        ]
        assert [(a.turn, a.reason) for a in answers[3:] if isinstance(a, NotInterrupted)] == [
            (3, "over"), (4, "over"), (99, "unknown"),
        ]  # fmt: skip
        assert [ends.turn for ends in heard.ends] == [1, 2]

    @pytest.mark.parametrize(("pacing", "count"), [("real-time", 100), ("burst", 900)])
    async def test_a_thousand_at_random(
        self, engine: PhonesEngine, pacing: Literal["real-time", "burst"], count: int
    ) -> None:
        draw = random.Random(11)
        heard = Heard()
        async with (
            serve(engine, QuickClock(4)) as server,
            SpeakClient(url(server), idle=False, frame_rate=15, pacing=pacing) as speaker,
        ):
            for number in range(1, count + 1):
                if draw.random() < 0.1:
                    await speaker.say(draw.choice(("Yes, I do.", "No, thank you, or maybe.")))
                else:
                    await push_tokens(speaker, 5)
                if draw.random() < 0.9:
                    begins = await until(speaker, heard, TurnBegins)
                    assert isinstance(begins, TurnBegins)
                    assert begins.turn == number
                    for _ in range(draw.randrange(3)):
                        await until(speaker, heard, WireFrame)
                await speaker.interrupt(number, draw.choice((None, 0, draw.uniform(0, 900))))
                answer = await until(speaker, heard, (Interrupted, NotInterrupted))
                if isinstance(answer, Interrupted):
                    assert (answer.turn, answer.dropped) == (number, [])
                else:
                    # It was heard to its end before the interrupt came.
                    assert number in [ends.turn for ends in heard.ends]
                heard.events.clear()
                heard.frames = heard.frames[-1:]
                await speaker.interrupt(number)
                assert await until(speaker, heard, NotInterrupted) is heard.events[-1]
                assert {f.turn for f in heard.events if isinstance(f, WireFrame)} <= {0}
                assert not heard.of(AudioRun)
                assert not heard.of(TurnEnds)


class TestOwnSpeech:
    async def test_tokens_make_the_face_before_their_sound(self, server: FaceServer) -> None:
        said = np.repeat([INDEX[p] for p in ("sil", "m", "aa", "p", "ow", "sil")], 12)
        sound = np.random.default_rng(1).uniform(-0.3, 0.3, len(said) * 160).astype(np.float32)
        async with SpeakClient(url(server), text=False, idle=False, pacing="burst") as speaker:
            turn = await speaker.begin(tokens=True)
            await speaker.send_tokens(turn, said)
            await speaker.send_audio(turn, sound)
            await speaker.end_turn(turn)
            await speaker.end()
            heard = await Heard().read(speaker)
        shown = [frame for frame in heard.frames if frame.turn == turn]
        assert len(shown) == -(-len(sound) * 60 // 16_000)
        start = heard.begins[0].sample
        jaw = {
            phone: np.mean([
                f.by_name["jawOpen"] - f.by_name["mouthClose"]
                for f in shown
                if first + 3 <= (f.timestamp - start) / 160 < first + 9
            ])
            for phone, first in (("m", 12), ("aa", 24), ("p", 36))
        }  # fmt: skip
        assert jaw["m"] < jaw["aa"] / 3 > jaw["p"]
        np.testing.assert_allclose(
            np.concatenate([run.samples for run in heard.sound(turn)]), sound, atol=1 / 32_768
        )

    async def test_tokens_alone_are_paced_too(self, quick: FaceServer) -> None:
        async with SpeakClient(url(quick), text=False, idle=False) as speaker:
            turn = await speaker.begin(tokens=True, audio=False)
            await speaker.send_tokens(turn, np.full(100, INDEX["aa"]))
            await speaker.end_turn(turn)
            await speaker.end()
            heard = await Heard().read(speaker)
        assert [ends.frames for ends in heard.ends] == [60]
        assert not heard.of(AudioRun)

    async def test_audio_alone_is_heard_by_the_encoder(
        self, server: FaceServer, engine: PhonesEngine
    ) -> None:
        from facewire.frames import AudioChunk
        from facewire_engines.voices.espeak.voice import EspeakVoice

        (speech,) = EspeakVoice().speak(BOB)
        integers = np.rint(speech.samples * 32_767).astype(np.int16)
        async with SpeakClient(url(server), text=False, idle=False, pacing="burst") as speaker:
            turn = await speaker.begin()
            await speaker.send_audio(turn, integers)
            await speaker.end_turn(turn)
            await speaker.end()
            heard = await Heard().read(speaker)
        session = engine.session(lookahead_ms=150)
        floats = integers.astype(np.float32) / np.float32(32_768)
        own = session.push(AudioChunk(floats, 0, 16_000)) + session.flush()
        face = make_face(session.spec, idle=False)
        expected = np.stack([face.apply(frame).weights for frame in own])
        shown = np.stack([frame.weights for frame in heard.frames if frame.turn == turn])
        np.testing.assert_allclose(shown[9:], expected[9:], atol=1e-6)
        played = np.concatenate([run.samples for run in heard.sound(turn)])
        np.testing.assert_array_equal(played, floats)

    async def test_bursts_at_an_agents_rate(self, server: FaceServer) -> None:
        seconds = np.arange(24_000 * 2) / 24_000
        tone = (0.3 * np.sin(2 * np.pi * 150 * seconds)).astype(np.float32)
        async with SpeakClient(
            url(server), text=False, sample_rate=24_000, pacing="burst"
        ) as speaker:
            assert speaker.hello.sample_rate == 24_000
            turn = await speaker.begin()
            await speaker.send_audio(turn, tone)
            await speaker.end_turn(turn)
            await speaker.end()
            heard = await Heard().read(speaker)
        assert [ends.frames for ends in heard.ends] == [120]
        played = np.concatenate([run.samples for run in heard.sound(turn)])
        np.testing.assert_allclose(played, tone, atol=1 / 32_768)
        for frame in heard.frames:
            assert frame.timestamp == frame.index * 24_000 // 60

    async def test_another_number_of_channels_is_a_mistake_of_the_program(
        self, server: FaceServer
    ) -> None:
        async with SpeakClient(url(server), text=False, channels=2) as client:
            turn = await client.begin()
            for samples in (np.zeros(160), np.zeros((160, 1)), np.zeros((160, 2), np.int32)):
                with pytest.raises(ValueError, match=r"channel|int32"):
                    await client.send_audio(turn, samples)
            await client.send_audio(turn, np.zeros((160, 2)))

    async def test_what_does_not_fit_ends_the_turn_and_the_next_one_works(
        self, server: FaceServer
    ) -> None:
        async with SpeakClient(url(server), idle=False, pacing="burst") as speaker:
            turn = await speaker.begin(tokens=True, audio=False)
            await speaker.send_tokens(turn, np.full(50, INDEX["aa"]))
            await speaker.send_tokens(turn, np.array([99]))
            await speaker.send_tokens(turn, np.full(50, INDEX["aa"]))
            await speaker.say("And this is said.")
            await speaker.end()
            heard = await Heard().read(speaker)
        assert heard.problems[0].startswith("token 99 is outside of 'phones', which has 40 classes")
        assert [(ends.turn, ends.frames > 20) for ends in heard.ends] == [(1, True), (2, True)]
        assert heard.ends[0].frames == 30


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
            await SpeakClient(address).__aenter__()
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
