"""One client on `/face`: watches the live stream until it ends, or until the client leaves."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qsl

from facewire.clock import Clock
from facewire.server.client import answer_ping
from facewire.server.sockets.fair_connection import FairConnection
from facewire.sinks.websocket import Broadcaster, LiveStream, Viewer
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import Hello, Ping, encode_message
from facewire.wire.session import decode_session_request

_QUERY = {"format": ("binary", "json"), "audio": ("0", "1")}


def viewer_from_query(connection: FairConnection, query: str) -> Viewer:
    """Return the viewer that `format=json&audio=1` describes.

    Raises:
        ProtocolError: an unknown key or value.
    """
    values = {"format": "binary", "audio": "0"}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if value not in _QUERY.get(key, ()):
            known = " and ".join(f"{name}={'|'.join(_QUERY[name])}" for name in _QUERY)
            raise ProtocolError(
                f"{key[:40]}={value[:40]} is not a query of /face; it knows {known}",
                ErrorCode.UNSUPPORTED,
            )
        values[key] = value
    fmt = values["format"]
    return Viewer(connection, "json" if fmt == "json" else "binary", values["audio"] == "1")


async def serve_viewer(
    viewer: Viewer,
    broadcaster: Broadcaster,
    make_hello: Callable[[LiveStream, Viewer], Hello],
    clock: Clock,
) -> None:
    """Greet a viewer when there is a stream, and let them watch.

    Raises:
        ExceptionGroup: ConnectionClosed when the viewer left or was sent home, or ProtocolError.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_greet(viewer, broadcaster, make_hello), name="greet")
            tasks.create_task(_answer(viewer, clock), name="answer")
    finally:
        broadcaster.remove(viewer)


async def _greet(
    viewer: Viewer, broadcaster: Broadcaster, make_hello: Callable[[LiveStream, Viewer], Hello]
) -> None:
    stream = await broadcaster.stream()
    broadcaster.add(viewer, encode_message(make_hello(stream, viewer)))


async def _answer(viewer: Viewer, clock: Clock) -> None:
    connection = viewer.connection
    assert isinstance(connection, FairConnection), "made by this server"
    await connection.metered(_answer_pings(connection, clock))


async def _answer_pings(connection: FairConnection, clock: Clock) -> None:
    while True:
        data = await connection.next_message()
        message = decode_session_request(data) if isinstance(data, str) else None
        if not isinstance(message, Ping):
            raise ProtocolError(
                "a viewer sends nothing but ping; send audio to /session", ErrorCode.OUT_OF_ORDER
            )
        await answer_ping(connection, message, clock)
        await asyncio.sleep(0)  # others get their turn
