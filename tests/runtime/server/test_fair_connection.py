"""What a client pays for with its share of the event loop."""

import asyncio
import time
from functools import partial
from typing import cast

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from facewire.server.sockets.client_credit import CREDIT_S
from facewire.server.sockets.fair_connection import FairConnection
from facewire.server.sockets.loop_share import REST, LoopShare

MESSAGES = 20


class CountingShare(LoopShare):
    """Knows how often a client had to wait for a turn among the greedy ones."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0

    async def turn(self) -> None:
        self.turns += 1
        await super().turn()


class EverySocket:
    """Lets everybody in."""

    def enter(self, connection: FairConnection) -> None:
        """Nobody counts."""

    def leave(self, connection: FairConnection) -> None:
        """Nobody counts."""


async def turns_after(work_s: float, *, charged: bool) -> int:
    """Return how many messages had to wait after other work for the client took the loop."""
    share = CountingShare()

    async def work() -> None:
        until = time.monotonic() + work_s
        while time.monotonic() < until:
            pass

    async def handle(connection: ServerConnection) -> None:
        assert isinstance(connection, FairConnection)
        await connection.next_message()
        share.turns = 0
        await (connection.charged(work()) if charged else work())
        for _ in range(MESSAGES):
            await connection.next_message()
        await connection.send("all came")

    make = cast(type[ServerConnection], partial(FairConnection, share=share, sockets=EverySocket()))
    async with serve(handle, "127.0.0.1", 0, create_connection=make) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}") as client:
            for _ in range(1 + MESSAGES):
                await client.send("x")
            assert await client.recv() == "all came"
    return share.turns


@pytest.mark.parametrize("charged", [True, False])
async def test_work_that_is_charged_makes_the_next_messages_wait(charged: bool) -> None:
    turns = await turns_after(2 * CREDIT_S, charged=charged)
    assert turns == (MESSAGES if charged else 0)


async def test_what_was_used_long_ago_makes_nobody_wait() -> None:
    share, used_s = LoopShare(), 0.2
    share.spend(used_s)
    await asyncio.sleep(REST * used_s)
    turn, later = asyncio.create_task(share.turn()), asyncio.create_task(asyncio.sleep(used_s))
    first, _ = await asyncio.wait({turn, later}, return_when=asyncio.FIRST_COMPLETED)
    assert turn in first
    await later
