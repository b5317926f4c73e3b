"""How a WebSocket server ends: in order where its peers do their part, and soon where not."""

import asyncio
from collections.abc import Callable, Iterable

from websockets.asyncio.connection import Connection
from websockets.asyncio.server import Server


async def closed_within(
    server: Server, seconds: float, connections: Callable[[], Iterable[Connection]]
) -> None:
    """Return when a server that was told to close is closed.

    Args:
        server: of which `close` was called.
        seconds: how long its peers may take to say goodbye.
        connections: those that are cut off then.
    """
    try:
        async with asyncio.timeout(seconds):
            await asyncio.shield(server.wait_closed())
    except TimeoutError:
        for connection in connections():
            connection.transport.abort()
        await server.wait_closed()
