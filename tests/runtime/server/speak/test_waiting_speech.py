"""How much speech and how many turns of one client may wait, and for how long."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.runtime.server.speak.speech_client import (
    PATIENCE_S,
    RATE,
    served,
    speaking,
)

from facewire.speaking.synthesis import FACED_S
from facewire.wire.binary import AudioMessage, encode_audio
from facewire_engines.backends.graph import Array, Graph
from facewire_engines.phones.engine import PhonesEngine


class CountedGraph:
    """A graph that tells when it has run so many times."""

    def __init__(self, graph: Graph, runs: int) -> None:
        self.backend, self.spec, self.streams = graph.backend, graph.spec, graph.streams
        self.has_run = threading.Event()
        self._graph, self._left = graph, runs

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        outputs = self._graph.run(feeds)
        self._left -= 1
        if self._left <= 0:
            self.has_run.set()
        return outputs


async def test_turns_that_are_too_many_are_left_out_each_with_one_sentence(
    model: PhonesEngine,
) -> None:
    async with served(model, turns=4) as server, speaking(server) as client:
        await client.open()
        for turn in range(1, 8):
            await client.begin(turn)
            await client.speak(turn, 0.1)
            await client.speak(turn, 0.1, first=1_600)
        problems = await client.all_told()
        assert [problem["turn"] for problem in problems] == [5, 6, 7]
        assert all("4 turns wait" in problem["message"] for problem in problems)
        await client.begin(8, mode="cut")
        await client.told("interrupted")
        await client.speak(8)
        await client.tell(type="end_turn", turn=8)
        assert (await client.ends(8))["frames"] == 30


@pytest.mark.parametrize("kind", ["tokens", "audio"])
async def test_speech_that_waits_is_counted_in_seconds_and_an_interrupt_still_gets_through(
    model: PhonesEngine, kind: str
) -> None:
    async with served(model, speech_s=5.0) as server, speaking(server) as client:
        await client.open("real-time")
        await client.tell(type="pause")
        for turn in (1, 2, 3):
            await client.begin(turn, tokens=kind == "tokens")
            for half in (0, 1):
                if kind == "tokens":
                    await client.send_tokens(turn, 100, first=100 * half)
                else:
                    await client.speak(turn, 1.0, first=RATE * half)
        for _ in range(50):
            await client.speak(3, 1.0, first=2 * RATE)
        problems = await client.all_told()
        assert [problem["turn"] for problem in problems] == [3]
        assert "more than 5 s of speech wait" in problems[0]["message"]
        await client.tell(type="interrupt", turn=1)
        assert (await client.told("interrupted"))["dropped"] == [2, 3]
        await client.say(4, 4.0)
        await client.tell(type="interrupt", turn=4)
        assert (await client.told("interrupted", "problem"))["type"] == "interrupted"


async def test_an_hour_of_tokens_is_refused_before_it_is_kept(model: PhonesEngine) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await client.tell(type="speech", turn=1, tokens=True, audio=False)
        for first in range(0, 1_000_000, 100_000):
            await client.send_tokens(1, 100_000, first)
        problem, end = await client.all_told()
        assert "600 s of speech" in problem["message"]
        assert (end["type"], end["frames"]) == ("turn_end", 0)


async def test_audio_that_waits_is_counted_in_bytes_too(model: PhonesEngine) -> None:
    async with served(model, speech_bytes=1 << 20) as server, speaking(server) as client:
        await client.open("real-time", sample_rate=192_000, channels=8, sample_format="f32le")
        await client.tell(type="pause")
        await client.begin(1)
        second = 192_000 * 32
        for start in range(0, second, second // 10):
            pcm = bytes(second // 10)
            await client.connection.send(encode_audio(AudioMessage(pcm, start // 32, 1)))
        (problem,) = await client.all_told()
        assert "more than 1048576 bytes of audio wait" in problem["message"]
        await client.tell(type="interrupt", turn=1)
        assert (await client.told("interrupted"))["turn"] == 1


async def test_faces_of_tokens_go_on_when_their_sound_comes_seconds_later(
    model: PhonesEngine,
) -> None:
    decoder = CountedGraph(model.decoder, int((0.1 + FACED_S) * 60))
    engine = replace(model, decoder=decoder)
    async with served(engine) as server, speaking(server) as client:
        await client.open("real-time", lead_ms=100)
        await client.begin(1, tokens=True)
        await client.send_tokens(1, 300)
        # As many faces are made as may wait, and then no more until one has left.
        assert await asyncio.to_thread(decoder.has_run.wait, PATIENCE_S)
        await client.speak(1, 3.0)
        await client.tell(type="end_turn", turn=1)
        assert (await client.ends(1))["frames"] == 180


async def test_sound_that_is_longer_than_its_tokens_is_heard_to_its_end(
    model: PhonesEngine,
) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await client.begin(1, tokens=True)
        await client.send_tokens(1, 50)
        await client.speak(1, 5.0)
        await client.tell(type="end_turn", turn=1)
        assert (await client.ends(1))["frames"] == 300


async def test_ten_minutes_may_be_sent_at_once(model: PhonesEngine) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open(sample_rate=48_000)
        await client.begin(1)
        piece = 10 * 48_000
        for start in range(0, 60 * piece, piece):
            message = encode_audio(AudioMessage(bytes(2 * piece), start, 1))
            await client.connection.send(message)
        await client.told("turn")
        await client.tell(type="interrupt", turn=1)
        assert (await client.told("interrupted", "problem"))["type"] == "interrupted"


async def test_a_turn_that_gets_nothing_ends_and_the_next_one_begins(model: PhonesEngine) -> None:
    async with served(model, turn_silence_s=0.3) as server, speaking(server) as client:
        await client.open()
        await client.begin(1)
        await client.begin(2)
        await client.speak(2)
        await client.say(3)
        for turn, frames in ((1, 0), (2, 30)):
            problem = await client.told("problem", "turn_end")
            assert (problem["type"], problem["turn"]) == ("problem", turn)
            assert f"nothing came for turn {turn} for 0.3 s" in problem["message"]
            assert (await client.ends(turn))["frames"] == frames
        end = await client.told("problem", "turn_end")
        assert (end["type"], end["turn"], end["frames"]) == ("turn_end", 3, 30)
        await client.speak(1)
        assert await client.all_told() == []
