"""A server and what awaits its client, for the tests of how connections live."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import numpy as np
import pytest

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.frames import Samples
from facewire.server.server import FaceServer
from facewire.sinks.websocket import Broadcaster
from facewire.wire.binary import WireFrame
from facewire_client import (
    FaceClient,
    FaceViewer,
    ServerError,
)
from facewire_engines.energy.engine import EnergyEngine

PATIENCE_S = 20


SILENT_S = 1.0


SPEECH: Samples = np.random.default_rng(0).uniform(-0.3, 0.3, 16_000).astype(np.float32)


def new_server(port: int = 0, **options: Any) -> FaceServer:
    clock = SystemClock()
    broadcaster = Broadcaster(clock=clock)
    return FaceServer(
        EnergyEngine(), make_face, clock=clock, port=port, broadcaster=broadcaster, **options
    )


async def settled(work: Awaitable[Any]) -> Any:
    """Await something that must not hang."""
    async with asyncio.timeout(PATIENCE_S):
        return await work


async def failure_of(work: Awaitable[Any]) -> ServerError:
    with pytest.raises(ServerError) as caught:
        await settled(work)
    return caught.value


def url(server: FaceServer) -> str:
    return f"ws://{server.address}"


async def read(client: FaceClient | FaceViewer) -> list[WireFrame]:
    return [frame async for frame in client]
