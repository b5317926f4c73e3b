"""Interrupts of turns, by listeners and by texts that break off."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Literal

import numpy as np
import pytest
from tests.clients.python.speaking.heard import BOB, Heard, QuickClock, serve, until, url

from facewire.server.server import FaceServer
from facewire.wire.binary import WireFrame
from facewire_client import (
    AudioRun,
    Interrupted,
    NotInterrupted,
    SpeakClient,
    TurnBegins,
    TurnEnds,
)
from facewire_engines.phones.engine import PhonesEngine
from facewire_engines.phones.phone_set import INDEX

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")


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
