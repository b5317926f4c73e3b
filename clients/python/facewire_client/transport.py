"""One WebSocket to a server: opened, watched, left, and in words why it is not there any more."""

import asyncio
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Self

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from facewire_client import liveness
from facewire_client.liveness import HeardConnection, Liveness
from facewire_client.server_error import (
    NO_CONNECTION,
    ServerError,
    connection_closed,
    no_connection,
)

OPEN_S = 10.0
"""How long a server may take to accept a connection."""
CLOSE_S = 1.0
"""Frames that nobody reads any more can stand before the server's goodbye, so it is cut short."""
MAX_QUEUE = 1_024
"""Messages that wait for the program, before TCP makes the server wait."""


class Transport:
    """Carries whole messages, read by one task at a time, and owns the tasks beside it."""

    def __init__(self, socket: HeardConnection, place: str) -> None:
        """Watch an open connection; `open` makes one."""
        self._socket = socket
        self._place = place
        self._tasks: set[asyncio.Task[None]] = set()
        self._liveness = Liveness(socket)
        self.start(self._liveness.watch())

    @classmethod
    async def open(cls, url: str, place: str, tls: ssl.SSLContext | None) -> Self:
        """Connect.

        Args:
            url: of the socket.
            place: the same without its secrets, for the words of errors.
            tls: which certificates are trusted; None: those that this machine trusts.

        Raises:
            ServerError: nobody answers, or the server refuses.
        """
        try:
            socket = await connect(
                url,
                create_connection=HeardConnection,
                ssl=(tls or True) if url.startswith("wss:") else None,
                compression=None,
                max_queue=MAX_QUEUE,
                open_timeout=OPEN_S,
                # Ours is `Liveness`.
                ping_interval=None,
                close_timeout=CLOSE_S,
            )
        except NO_CONNECTION as error:
            # Its cause may name the whole address, which has the token.
            raise no_connection(place, error) from None
        assert isinstance(socket, HeardConnection)
        return cls(socket, place)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something run beside the program, until the connection is left."""
        task = asyncio.create_task(work, name="facewire client")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def send(self, data: str | bytes, *, work_s: float = 0.0) -> None:
        """Send a message.

        Args:
            data: text, or binary.
            work_s: seconds of audio that it is, or for how long it may keep the server.

        Raises:
            ServerError: the connection has ended.
        """
        self._liveness.sent(work_s)
        try:
            await self._socket.send(data)
        except ConnectionClosed as closed:
            raise self._ended(closed) from closed

    async def receive(self) -> str | bytes:
        """Return the next message.

        Raises:
            ServerError: the connection has ended.
        """
        try:
            return await self._socket.recv()
        except ConnectionClosed as closed:
            raise self._ended(closed) from closed

    def abort(self) -> None:
        """Cut the connection; whoever reads is woken."""
        self._socket.transport.abort()

    async def leave(self) -> None:
        """End all tasks and close the connection; nothing is left of it then."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
            # A goodbye stands behind what the server did not read.
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * CLOSE_S):
                    await self._socket.close()
        finally:
            self.abort()

    def _ended(self, closed: ConnectionClosed) -> ServerError:
        if self._liveness.is_gone:
            return ServerError(
                f"{self._place} gave no sign of life for {liveness.SILENT_S:g} s or more; "
                "it is gone, or the network is",
                "silent",
            )
        return connection_closed(closed)
