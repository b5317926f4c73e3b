"""What the messages of one client cost the server, and that others get their turn."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest
from tests.runtime.server.speak.speech_client import (
    Client,
    served,
    speaking,
)

from facewire.face import FaceStage, make_face
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.server.sockets.loop_share import LoopShare
from facewire.speaking.conversation import Conversation
from facewire.speaking.pushed_speech import PushedAudio, PushedTokens
from facewire.speaking.turn import Turn
from facewire.speaking.turn_synthesis import TOKENS_TOGETHER, TurnSynthesis
from facewire.wire.binary import AudioMessage, TokensMessage, encode_audio, encode_tokens
from facewire_engines.phones.engine import PhonesEngine


async def test_thousands_of_turns_cost_nobody_anything(model: PhonesEngine) -> None:
    async with served(model) as server, speaking(server) as client:
        await client.open()

        async def flood() -> None:
            for turn in range(1, 2_001):
                await client.begin(turn)

        flooding = asyncio.create_task(flood())
        refused = [(await client.told("problem"))["turn"] for _ in range(2_000 - 64)]
        await flooding
        assert refused == list(range(65, 2_001))
        await client.tell(type="interrupt", turn=1)
        assert len((await client.told("interrupted"))["dropped"]) == 63
        await client.say(2_001)
        assert (await client.ends(2_001))["frames"] == 30


class WatchedFace:
    """A real face that notes which thread works on it."""

    def __init__(self, spec: StreamSpec, threads: set[int]) -> None:
        self._face = make_face(spec)
        self._threads = threads

    def hear(self, samples: Samples) -> None:
        self._threads.add(threading.get_ident())
        self._face.hear(samples)

    def apply(self, frame: BlendshapeFrame) -> BlendshapeFrame:
        self._threads.add(threading.get_ident())
        return self._face.apply(frame)


async def test_no_face_is_made_on_the_event_loop(model: PhonesEngine) -> None:
    seen: set[int] = set()

    def face(spec: StreamSpec, *, idle: bool, seed: int | None = None) -> FaceStage:
        return WatchedFace(spec, seen)

    async with served(model, face) as server, speaking(server) as client:
        await client.open(format="json")
        await client.say(1)
        assert (await client.ends(1))["frames"] == 30
    assert seen
    assert threading.get_ident() not in seen


async def behind_a_turn_that_waits(client: Client, *, tokens: bool) -> None:
    """Begin a turn that the engine has to hear, of which nothing comes, and one behind it."""
    await client.open()
    await client.begin(1)
    await client.begin(2, tokens=tokens)


@pytest.fixture
def syntheses(monkeypatch: pytest.MonkeyPatch) -> dict[int, TurnSynthesis]:
    """What is being made, by turn."""
    found: dict[int, TurnSynthesis] = {}
    prepare = TurnSynthesis.__init__

    def noting(synthesis: TurnSynthesis, turn: Turn, *args: Any, **kw: Any) -> None:
        prepare(synthesis, turn, *args, **kw)
        found[turn.number] = synthesis

    monkeypatch.setattr(TurnSynthesis, "__init__", noting)
    return found


async def test_tokens_one_by_one_are_joined_while_their_turn_waits(
    model: PhonesEngine, syntheses: dict[int, TurnSynthesis]
) -> None:
    async with served(model) as server, speaking(server) as client:
        await behind_a_turn_that_waits(client, tokens=True)
        for first in range(1_000):
            await client.send_tokens(2, 1, first)
        assert await client.all_told() == []
        assert len(syntheses[2]._parts) <= 1_000 // TOKENS_TOGETHER + 1
        await client.tell(type="end_turn", turn=1)
        await client.tell(type="end_turn", turn=2)
        assert (await client.ends(2))["frames"] == 600


async def test_samples_one_by_one_are_joined_while_their_turn_waits(
    model: PhonesEngine, syntheses: dict[int, TurnSynthesis]
) -> None:
    async with served(model) as server, speaking(server) as client:
        await behind_a_turn_that_waits(client, tokens=False)
        for start in range(4_000):
            await client.connection.send(encode_audio(AudioMessage(b"\1\0", start, 2)))
        await client.connection.send(encode_audio(AudioMessage(bytes(8_000), 4_000, 2)))
        assert await client.all_told() == []
        sizes = [len(piece.pcm) for piece in syntheses[2]._undecoded]
        assert (sum(sizes), len(sizes)) == (16_000, 4)
        assert syntheses[2].ahead == pytest.approx(0.5)
        await client.tell(type="end_turn", turn=1)
        await client.tell(type="end_turn", turn=2)
        assert (await client.ends(2))["frames"] == 30


async def test_messages_without_speech_are_nothing_received(model: PhonesEngine) -> None:
    async with served(model, turn_silence_s=0.3) as server, speaking(server) as client:
        await client.open()

        async def send_nothing() -> None:
            while True:
                await client.send_tokens(1, 0)
                await client.speak(1, 0.0)
                await asyncio.sleep(0.02)

        await client.begin(1, tokens=True)
        sending = asyncio.create_task(send_nothing())
        assert "nothing came for turn 1" in (await client.told("problem"))["message"]
        sending.cancel()


async def test_a_client_is_charged_for_what_its_messages_cost_and_others_get_their_turn(
    model: PhonesEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, ticks, seen, turns = asyncio.get_running_loop(), 0, list[int](), 0
    push, turn = Conversation.push, LoopShare.turn

    def slow(conversation: Conversation, turn: int, speech: PushedAudio | PushedTokens) -> None:
        seen.append(ticks)
        time.sleep(0.005)  # more than what it costs on any machine
        push(conversation, turn, speech)

    def noting(share: LoopShare) -> Coroutine[Any, Any, None]:
        nonlocal turns
        turns += 1
        return turn(share)

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        loop.call_soon(tick)

    monkeypatch.setattr(Conversation, "push", slow)
    monkeypatch.setattr(LoopShare, "turn", noting)
    async with served(model) as server, speaking(server) as client:
        await client.open()
        await client.begin(1, tokens=True)
        tick()
        messages = [TokensMessage(np.zeros(1, np.uint32), at, 1) for at in range(100)]
        for message in messages:
            await client.connection.send(encode_tokens(message))
        assert await client.all_told() == []
    assert len(set(seen)) == len(seen) == 100
    assert turns >= 50
