"""Clients that hold sockets, slots and streams for nothing, each against its limit."""

import asyncio
import json
import time
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.frames import AudioChunk, BlendshapeFrame
from facewire.server.server import FaceServer
from facewire.settings.limits import Limits
from facewire.wire.binary import AudioMessage, encode_audio
from facewire_cli.bench.hostile_socket import frame, raw_socket
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.hearing.hop_session import TunableHopSession

OPEN = json.dumps({"type": "open", "version": 1})


def serving(engine: EnergyEngine | None = None, **options: Any) -> FaceServer:
    clock = SystemClock()
    return FaceServer(engine or EnergyEngine(), make_face, clock=clock, port=0, **options)


async def refusal(socket: ClientConnection) -> dict[str, Any]:
    """Return the error that ends a connection."""
    error: dict[str, Any] = {}
    try:
        while True:
            message = await socket.recv()
            if isinstance(message, str):
                error = json.loads(message)
    except ConnectionClosed:
        return error


@pytest.mark.parametrize("path", ["/session", "/speak"])
async def test_who_opens_nothing_is_sent_away(path: str) -> None:
    async with (
        serving(limits=Limits(opening_s=0.3)) as server,
        connect(f"ws://{server.address}{path}") as socket,
    ):
        await socket.send('{"type": "ping"}')
        assert json.loads(await socket.recv())["type"] == "pong"
        error = await refusal(socket)
        assert (error["code"], socket.close_code) == ("idle", 1008)


async def test_sockets_that_open_nothing_take_no_slot() -> None:
    async with serving(max_sessions=1) as server:
        idle = [await connect(f"ws://{server.address}/session") for _ in range(8)]
        async with connect(f"ws://{server.address}/session") as socket:
            await socket.send(OPEN)
            assert json.loads(await socket.recv())["type"] == "hello"
        for one in idle:
            await one.close()


@pytest.mark.parametrize("path", ["/session", "/speak"])
async def test_a_stream_that_says_nothing_ends(path: str) -> None:
    request = json.dumps({"type": "open", "version": 1} | ({"text": False} if "p" in path else {}))
    async with (
        serving(limits=Limits(silence_s=0.4)) as server,
        connect(f"ws://{server.address}{path}") as socket,
    ):
        await socket.send(request)
        await socket.recv()
        assert (await refusal(socket))["code"] == "idle"


async def test_pings_keep_a_silent_stream() -> None:
    async with (
        serving(limits=Limits(silence_s=1.0)) as server,
        connect(f"ws://{server.address}/session") as socket,
    ):
        await socket.send(OPEN)
        for _ in range(15):
            await asyncio.sleep(0.1)
            await socket.send('{"type": "ping"}')
        await socket.send('{"type": "end"}')
        assert (await end_or_error(socket))["type"] == "end"


async def end_or_error(socket: ClientConnection) -> dict[str, Any]:
    """Return the message that ends a stream."""
    async for message in socket:
        if isinstance(message, str) and (said := json.loads(message))["type"] in ("end", "error"):
            return dict(said)
    raise AssertionError("closed without a word")


@pytest.mark.parametrize("limit", ["connections", "connections_per_address"])
async def test_where_there_are_too_many_the_oldest_without_a_stream_goes(limit: str) -> None:
    async with (
        serving(limits=Limits(**{limit: 10})) as server,
        connect(f"ws://{server.address}/session") as streaming,
    ):
        await streaming.send(OPEN)
        await streaming.recv()
        idle = [await connect(f"ws://{server.address}/session") for _ in range(20)]
        await idle[0].wait_closed()
        await streaming.send('{"type": "ping"}')
        assert json.loads(await streaming.recv())["type"] == "pong"
        async with connect(f"ws://{server.address}/session") as late:
            await late.send(OPEN)
            assert json.loads(await late.recv())["type"] == "hello"
        for one in idle:
            await one.close()


async def test_a_larger_message_than_the_limit_is_refused() -> None:
    async with (
        serving(limits=Limits(message_bytes=65_536)) as server,
        connect(f"ws://{server.address}/session") as socket,
    ):
        await socket.send(OPEN)
        await socket.send(encode_audio(AudioMessage(bytes(65_536), 0)))
        await refusal(socket)
        assert socket.close_code == 1009


class Slow(EnergyEngine):
    """Takes 50 ms for every bite."""

    def session(self, **options: Any) -> TunableHopSession:
        session = super().session(**options)
        push = session.push

        def slowly(chunk: AudioChunk) -> list[BlendshapeFrame]:
            time.sleep(0.05)
            return push(chunk)

        object.__setattr__(session, "push", slowly)
        return session


async def test_a_client_that_the_server_makes_wait_is_not_taken_for_dead() -> None:
    """Its answer to a ping stands behind audio that the server has no time for."""
    pcm = bytes(2 * 8_192)
    limits = Limits(ping_s=0.1, pong_s=0.2, silence_s=0.3)
    async with (
        serving(engine=Slow(), limits=limits) as server,
        connect(f"ws://{server.address}/session", ping_interval=None) as socket,
    ):
        await socket.send(OPEN)
        reading = asyncio.create_task(end_or_error(socket))
        for place in range(10):
            await socket.send(encode_audio(AudioMessage(pcm, place * 8_192)))
        await socket.send('{"type": "end"}')
        assert (await reading)["type"] == "end"


async def test_a_client_that_is_gone_without_a_word_is_noticed() -> None:
    async with serving(limits=Limits(ping_s=0.2, pong_s=0.2)) as server:
        raw = await raw_socket(f"ws://{server.address}")
        await raw.shake_hands("/session")
        await raw.say(frame(OPEN))
        # It takes what comes, as the system does for a process that hangs, and answers no ping.
        with suppress(ConnectionError):
            while await raw.reader.read(1 << 16):
                pass
        raw.close()
        while server.sessions:  # noqa: ASYNC110 # the server tells nobody when a session is over
            await asyncio.sleep(0.01)
