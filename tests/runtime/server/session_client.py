"""A client of /session that can do everything wrong, and servers for it."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from facewire.audio.format import Encoding
from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.frames import Samples
from facewire.server.server import FaceServer
from facewire.wire.binary import AudioMessage, WireFrame, decode_frame, encode_audio, encode_samples
from facewire_engines.energy.engine import EnergyEngine


class Client:
    """A plain client, that can do everything wrong."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def tell(self, **message: object) -> None:
        await self.connection.send(json.dumps(message))

    async def open(self, **options: object) -> dict[str, Any]:
        await self.tell(type="open", version=1, **options)
        return await self.told()

    async def told(self) -> dict[str, Any]:
        message = await self.connection.recv()
        assert isinstance(message, str)
        parsed: dict[str, Any] = json.loads(message)
        return parsed

    async def speak(self, samples: Samples, start: int = 0, turn: int = 0) -> None:
        pcm = encode_samples(samples, Encoding.S16LE)
        await self.connection.send(encode_audio(AudioMessage(pcm, start, turn)))

    async def rest(self) -> tuple[list[WireFrame], dict[str, Any]]:
        """Return the frames that come, and the message that ends them."""
        frames = []
        while isinstance(message := await self.connection.recv(), bytes):
            frames.append(decode_frame(message))
        return frames, json.loads(message)

    async def closed(self) -> tuple[int, str]:
        """Return code and reason of the close that comes; what comes before is left out."""
        await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""


def new_server(engine: EnergyEngine | None = None, **options: Any) -> FaceServer:
    clock = SystemClock()
    return FaceServer(engine or EnergyEngine(), make_face, clock=clock, port=0, **options)


async def all_sessions_over(server: FaceServer) -> None:
    """Return when nobody is on /session; the test's timeout is how long that may take."""
    while server.sessions:  # noqa: ASYNC110 # the server tells nobody when a session is over
        await asyncio.sleep(0.01)


def session_of(server: FaceServer, **options: Any) -> connect:
    # A client that leaves frames unread cannot see the goodbye behind them, and need not wait.
    options = {"close_timeout": 0.2} | options
    return connect(f"ws://{server.address}/session", compression=None, **options)


async def speak_on(client: Client, block: Samples) -> None:
    """Send far more audio than fits between here and the engine."""
    for place in range(1_000):
        await client.speak(block, place * len(block))


async def goes_well(server: FaceServer, speech: Samples) -> None:
    """Check that a well-behaved client gets what it should."""
    async with session_of(server) as connection:
        client = Client(connection)
        await client.open(idle=False)
        await client.speak(speech[:16_000])
        await client.tell(type="end")
        frames, end = await client.rest()
        assert (len(frames), end["frames"]) == (60, 60)


async def refused(client: Client, code: str, close_code: int, words: str) -> None:
    """Check that the next text message is this error, and that the connection closes."""
    while isinstance(message := await client.connection.recv(), bytes):
        pass
    error = json.loads(message)
    assert (error["type"], error["code"]) == ("error", code)
    assert words in error["message"]
    received, reason = await client.closed()
    assert received == close_code
    assert error["message"].startswith(reason)
