"""A client of `/speak` that sends its own speech, and servers for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from facewire.clock import ManualClock, SystemClock
from facewire.face import FaceStage, make_face
from facewire.server.server import FaceServer
from facewire.settings.limits import Limits
from facewire.stream.engine import Engine
from facewire.wire.binary import AudioMessage, TokensMessage, encode_audio, encode_tokens
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import PhonesEngine

RATE = 16_000
PATIENCE_S = 20
NEVER = 2**32 - 1
"""A turn that no test begins."""


class Client:
    """A client of `/speak` that sends its own speech."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def tell(self, **message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def told(self, *types: str) -> dict[str, Any]:
        """Return the next message of one of these types."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.connection.recv()
                if isinstance(message, str):
                    parsed: dict[str, Any] = json.loads(message)
                    if parsed["type"] in types:
                        return parsed

    async def all_told(self) -> list[dict[str, Any]]:
        """Return what the server said until now, without frames and sound."""
        await self.tell(type="interrupt", turn=NEVER)
        found: list[dict[str, Any]] = []
        while True:
            message = await self.told("problem", "turn_end", "interrupted", "not_interrupted")
            if message["type"] == "not_interrupted":
                return found
            found.append(message)

    async def open(self, pacing: str = "burst", **options: object) -> None:
        await self.tell(type="open", version=1, text=False, pacing=pacing, **options)
        assert (await self.told("hello", "error"))["type"] == "hello"

    async def begin(self, turn: int, *, tokens: bool = False, mode: str = "queue") -> None:
        await self.tell(type="speech", turn=turn, tokens=tokens, mode=mode)

    async def speak(self, turn: int, seconds: float = 0.5, first: int = 0) -> None:
        pcm = bytes(2 * int(RATE * seconds))
        await self.connection.send(encode_audio(AudioMessage(pcm, first, turn)))

    async def send_tokens(self, turn: int, count: int, first: int = 0) -> None:
        message = TokensMessage(np.zeros(count, np.uint32), first, turn)
        await self.connection.send(encode_tokens(message))

    async def say(self, turn: int, seconds: float = 0.5) -> None:
        await self.begin(turn)
        await self.speak(turn, seconds)
        await self.tell(type="end_turn", turn=turn)

    async def ends(self, turn: int) -> dict[str, Any]:
        """Return how a turn ended."""
        while (end := await self.told("turn_end"))["turn"] != turn:
            pass
        return end


@asynccontextmanager
async def served(
    engine: Engine, face: Callable[..., FaceStage] = make_face, **limits: Any
) -> AsyncIterator[FaceServer]:
    given = Limits(**limits)
    async with FaceServer(engine, face, clock=SystemClock(), port=0, limits=given) as server:
        yield server


@asynccontextmanager
async def speaking(server: FaceServer) -> AsyncIterator[Client]:
    url = f"ws://{server.address}/speak"
    async with connect(url, compression=None, max_queue=None, close_timeout=0.2) as connection:
        yield Client(connection)


async def opens_a_session(server: FaceServer) -> bool:
    """Tell whether somebody else still finds room."""
    async with connect(f"ws://{server.address}/session", close_timeout=0.2) as connection:
        await connection.send(json.dumps({"type": "open", "version": 1}))
        return bool(json.loads(await connection.recv())["type"] == "hello")


async def a_place_comes_back(server: FaceServer) -> None:
    """Return once somebody else finds room: when the step that is under way is over."""
    async with asyncio.timeout(PATIENCE_S):
        while not await opens_a_session(server):  # noqa: ASYNC110 # nobody tells when
            await asyncio.sleep(0.01)


def rows(model: PhonesEngine, count: int) -> BatchedPhonesEngine:
    # On a clock that stands still nobody is late, so a slow machine refuses no session.
    return BatchedPhonesEngine(model, ManualClock(), capacity=count, gather_ns=0)
