"""Passes the messages of two connections on, and adds faces to one of them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import cast

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close
from websockets.protocol import State
from websockets.typing import Data

from facewire.realtime.events import encode_event
from facewire.realtime.faces import RealtimeFaces

logger = logging.getLogger(__name__)

Note = Callable[[Data], None]

FINISHING_S = 2.0
"""How long an app may wait to hear that the server has closed, for the last faces."""

_BROKEN_OFF = frozenset((1006, 1015))
"""What is said of a connection that ended without a close frame; no close frame can say it."""
_NO_CODE = 1005
"""What is said of a close frame without a code, likewise."""


async def relay(app: ServerConnection, upstream: ClientConnection, faces: RealtimeFaces) -> None:
    """Pass everything on, both ways and unchanged, until one of the two closes, and the other too.

    Each way waits for its own reader alone: while the app reads nothing, nothing is read of the
    server; the faces are made beside that, and nobody waits for them but an app whose server has
    closed: it gets the last ones first.
    """
    server_said, app_said = _unfailing(faces.server_event), _unfailing(faces.client_event)
    async with asyncio.TaskGroup() as tasks:
        adding = tasks.create_task(_add(faces, app), name="faces")

        async def leave_with_app(passing: Coroutine[object, object, None]) -> None:
            await passing
            if app.state is State.CLOSED:
                await _close_like(app, upstream)

        from_server = _pass(upstream, app, after=server_said)
        from_app = _pass(app, upstream, before=app_said)
        down = tasks.create_task(leave_with_app(from_server), name="from the server")
        up = tasks.create_task(leave_with_app(from_app), name="from the app")
        await asyncio.wait([down, up], return_when=asyncio.FIRST_COMPLETED)
        if app.state is State.OPEN:
            await asyncio.wait([down], timeout=FINISHING_S)
            faces.end()
            await asyncio.wait([adding], timeout=FINISHING_S)
            await _close_like(upstream, app)
        await asyncio.wait([down, up])
        faces.close()
        adding.cancel()


def _nothing(message: Data) -> None:
    pass


async def _pass(
    source: Connection, target: Connection, before: Note = _nothing, after: Note = _nothing
) -> None:
    with suppress(ConnectionClosed):
        while True:
            message = await source.recv()
            before(message)
            await target.send(message)
            after(message)


def end_of(connection: Connection) -> Close:
    """Return the code and the reason with which a connection has ended.

    They are those of the other side, or of ours if we broke it off: because of a message that is
    too large, or of what is no WebSocket.
    """
    said = connection.protocol.close_rcvd or connection.protocol.close_sent
    return said or Close(1006, "")


def was_closed_by_us(connection: Connection) -> bool:
    """Tell whether a connection has ended in order, and because we closed it."""
    protocol = connection.protocol
    return protocol.close_rcvd is not None and not protocol.close_rcvd_then_sent


async def _close_like(closed: Connection, other: Connection) -> None:
    """Close a connection as another one has ended; break off like it."""
    end = end_of(closed)
    if end.code in _BROKEN_OFF:
        other.transport.abort()
    elif end.code == _NO_CODE:
        # None is a frame without a code; the library's types do not tell.
        await other.close(cast("int", None))
    else:
        await other.close(end.code, end.reason)


async def _add(faces: RealtimeFaces, app: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        async for event in faces:
            await app.send(encode_event(event))


def _unfailing(note: Note) -> Note:
    """Return a note whose first failure is logged and its last: what passes must pass."""
    failed = False

    def take(message: Data) -> None:
        nonlocal failed
        if failed:
            return
        try:
            note(message)
        except Exception:
            failed = True
            logger.exception("a session has no more faces")

    return take
