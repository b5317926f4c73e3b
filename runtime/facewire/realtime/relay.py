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
from websockets.protocol import State
from websockets.typing import Data

from facewire.realtime.events import encode_event
from facewire.realtime.faces import RealtimeFaces

logger = logging.getLogger(__name__)

Note = Callable[[Data], None]

FINISHING_S = 2.0
"""How long an app may wait to hear that the server has closed, for the last faces."""

_BROKEN_OFF = frozenset((None, 1006, 1015))
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


async def _close_like(closed: Connection, other: Connection) -> None:
    """Close a connection with the code and the reason of one that has closed; break off like it."""
    code = closed.close_code
    if code in _BROKEN_OFF:
        other.transport.abort()
    elif code == _NO_CODE:
        # None is a frame without a code; the library's types do not tell.
        await other.close(cast("int", None))
    else:
        assert code is not None, "it has closed"
        await other.close(code, closed.close_reason or "")


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
