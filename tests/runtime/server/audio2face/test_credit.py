"""A client that sends more messages than its share of the event loop allows, and the others."""

import asyncio
from typing import Any

import pytest
from tests.runtime.server.audio2face.clip_client import (
    Answers,
    answers_of,
    audio,
    call_of,
    channel,
    clip,
    end,
    header,
    said,
    serving,
)

from facewire.frames import Samples
from facewire.server.sockets.client_credit import ClientCredit
from facewire.server.sockets.loop_share import LoopShare

ONE_SAMPLE = bytes(2)
MANY = 2_000


async def test_a_flood_of_small_messages_waits_for_its_turns_and_is_heard_in_the_end(
    speech_like: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: dict[int, int] = {}
    turn, wait = LoopShare.turn, ClientCredit.turn
    asking: list[int] = []

    async def noting_client(credit: ClientCredit) -> None:
        asking.append(id(credit))
        await wait(credit)

    async def noting_turn(share: LoopShare) -> None:
        waited[asking[-1]] = waited.get(asking[-1], 0) + 1
        await turn(share)

    monkeypatch.setattr(ClientCredit, "turn", noting_client)
    monkeypatch.setattr(LoopShare, "turn", noting_turn)
    async with serving(max_sessions=2) as server, channel(server.address) as opened:
        flooding = call_of(opened)
        await flooding.write(header())
        answers: list[Any] = []
        reading = asyncio.create_task(answers_of(flooding, answers))

        async def flood() -> None:
            for _ in range(MANY):
                await flooding.write(audio(ONE_SAMPLE))
            await flooding.write(end())

        sending = asyncio.create_task(flood())
        # Three seconds of sound in twelve messages: less than anybody's share.
        spoken = await said(server.address, clip(speech_like))
        await sending
        await reading
    assert spoken.statuses[-1] == (0, "90 frames were made.")
    assert len(Answers(answers).sound) == MANY * len(ONE_SAMPLE)
    assert Answers(answers).statuses[-1][0] == 0
    assert max(waited.values()) > MANY // 10
