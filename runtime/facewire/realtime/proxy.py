"""A port between apps and a realtime server: everything passes, and answers get a face."""

import asyncio
import http
import logging
import ssl
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from facewire.animator import AnimatorOptions
from facewire.clock import Clock
from facewire.realtime.faces import RealtimeFaces
from facewire.realtime.relay import end_of, relay, was_closed_by_us
from facewire.realtime.upstream import (
    CLOSING_S,
    MESSAGE_BYTES,
    OPENING_S,
    QUEUE,
    RefusedError,
    Upstream,
    end_to_end,
    refusal,
)
from facewire.server.http.address import reachable_host
from facewire.server.refusal import CalmLogger, listen_error
from facewire.server.sockets.closing import closed_within
from facewire.settings.limits import Limits
from facewire.stream.engine import Engine
from facewire.stream.threads import ServerThreads

logger = logging.getLogger(__name__)

_ORDERLY = frozenset((1000, 1001, 1005))
"""Close codes of sessions that ended as they should."""


class RealtimeProxy:
    """An async context manager that listens while it is entered."""

    def __init__(
        self,
        upstream: Upstream,
        engine: Engine,
        options: AnimatorOptions,
        *,
        clock: Clock,
        host: str = "127.0.0.1",
        port: int = 0,
        max_sessions: int = 8,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Get ready to listen.

        Args:
            upstream: the server that apps want to speak to.
            engine: hears its answers; it takes the place of that of the options.
            options: how they are animated.
            clock: tells how much of an answer has been played.
            host: address to listen on.
            port: 0 picks a free one.
            max_sessions: how many apps there may be at the same time.
            tls: certificate and key, for wss.
            limits: how much audio of an app may wait for the engine.
        """
        self._upstream = upstream
        self._options = replace(options, engine=engine)
        self._clock = clock
        self._host, self._port = host, port
        self._tls = tls
        self._max_sessions = max_sessions
        self._held_s = (limits or Limits()).speech_s
        self._threads = ServerThreads(engine, max_sessions)
        self._upstreams: dict[ServerConnection, ClientConnection] = {}
        self._apps: set[ServerConnection] = set()
        self._watching: set[asyncio.Task[None]] = set()
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """The port that the proxy listens on, once it is entered."""
        return self._port

    @property
    def sessions(self) -> int:
        """How many apps are there."""
        return len(self._apps)

    @property
    def url(self) -> str:
        """What an app connects to instead of the server."""
        scheme = "wss" if self._tls else "ws"
        return f"{scheme}://{reachable_host(self._host)}:{self._port}{self._upstream.path}"

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: the port is in use, or the address is not ours.
        """
        try:
            self._server = await serve(
                self._relay,
                self._host,
                self._port,
                process_request=self._open,
                select_subprotocol=self._subprotocol,
                process_response=self._respond,
                ssl=self._tls,
                compression=None,
                max_size=MESSAGE_BYTES,
                max_queue=QUEUE,
                ping_timeout=None,
                open_timeout=2 * OPENING_S,
                close_timeout=CLOSING_S,
                server_header=None,
                logger=CalmLogger(logger),
            )
        except OSError as error:
            raise listen_error(error, self._host, self._port) from error
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection with code 1001, and listen no more."""
        if self._server is None:
            return
        self._server.close()
        try:
            await closed_within(
                self._server, 2 * CLOSING_S, lambda: [*self._apps, *self._upstreams.values()]
            )
        finally:
            await asyncio.gather(*self._watching)
            self._threads.close()

    async def serve_forever(self) -> None:
        """Return when the proxy is closed."""
        assert self._server is not None, "enter the proxy first"
        await self._server.wait_closed()

    async def _open(self, app: ServerConnection, request: Request) -> Response | None:
        """Connect to the server for an app, before the app is answered."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            sentence = f"this is a proxy of {self._upstream.url}; connect to it by WebSocket"
            return refusal(http.HTTPStatus.UPGRADE_REQUIRED, sentence)
        if len(self._apps) >= self._max_sessions:
            sentence = (
                f"{self._max_sessions} apps are connected already; try again later, or give "
                "facewire realtime a higher --max-sessions"
            )
            logger.warning("an app was refused: %s", sentence)
            return refusal(http.HTTPStatus.SERVICE_UNAVAILABLE, sentence)
        self._apps.add(app)
        watch = asyncio.create_task(self._leave_with(app), name="leave")
        self._watching.add(watch)
        watch.add_done_callback(self._watching.discard)
        try:
            self._upstreams[app] = await self._upstream.open(request)
        except RefusedError as error:
            logger.warning("%s", error)
            return error.response
        return None

    async def _leave_with(self, app: ServerConnection) -> None:
        """Let go of the server when an app is gone, also one that left before it was answered."""
        await app.wait_closed()
        self._apps.discard(app)
        if upstream := self._upstreams.pop(app, None):
            await upstream.close(1001)

    def _subprotocol(
        self, app: ServerConnection, offered: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        return self._upstreams[app].subprotocol if app in self._upstreams else None

    def _respond(
        self, app: ServerConnection, request: Request, response: Response
    ) -> Response | None:
        """Answer with what the server answered with."""
        upstream = self._upstreams.get(app)
        if upstream is not None and upstream.response is not None:
            said = list(end_to_end(upstream.response.headers))
            for name in {name for name, _ in said if name in response.headers}:
                del response.headers[name]
            response.headers.update(said)
        return None

    async def _relay(self, app: ServerConnection) -> None:
        """Serve an app until one of the two closes."""
        upstream = self._upstreams[app]
        faces = RealtimeFaces(
            self._options, clock=self._clock, compute=self._threads.compute, held_s=self._held_s
        )
        async with faces:
            await relay(app, upstream, faces)
        who, first = (
            ("an app", app) if was_closed_by_us(upstream) else (self._upstream.url, upstream)
        )
        end = end_of(first)
        if end.code not in _ORDERLY:
            said = end.reason or "without a reason"
            logger.warning("%s ended a session with %s (%s)", who, end.code, said)
