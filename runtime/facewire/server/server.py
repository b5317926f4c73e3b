"""The daemon's port: the viewer page, viewers of the live stream, and sessions of clients' own."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Collection, Sequence
from functools import partial
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from facewire import __version__
from facewire.agents.agent import AgentMaker
from facewire.clock import Clock
from facewire.server.agent import AgentConnection
from facewire.server.context import FaceFactory, ServerContext
from facewire.server.http.access_token import Access, make_token, without_token
from facewire.server.http.address import is_local, reachable_host
from facewire.server.http.requests import (
    AGENT_PATH,
    FACE_PATH,
    SESSION_PATH,
    SPEAK_PATH,
    RequestGate,
)
from facewire.server.refusal import (
    CLOSE_S,
    CalmLogger,
    ServedBy,
    listen_error,
    protocol_error_of,
    refuse,
)
from facewire.server.session import SessionConnection
from facewire.server.slots import SessionSlots
from facewire.server.sockets.closing import closed_within
from facewire.server.sockets.fair_connection import FairConnection
from facewire.server.sockets.inbox import keep_alive
from facewire.server.sockets.socket_limits import SocketLimits
from facewire.server.speak import SpeakConnection
from facewire.server.viewer import serve_viewer, viewer_from_query
from facewire.settings.limits import Limits
from facewire.sinks.websocket import Broadcaster, LiveStream, Viewer
from facewire.speaking.voice import TokenDecoder
from facewire.stream.engine import Engine
from facewire.stream.threads import ServerThreads
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import Hello

__all__ = ["Broadcaster", "FaceServer"]

logger = logging.getLogger(__name__)

DEFAULT_PORT = 8765

MAX_QUEUE = 4
"""Messages of a client that wait to be looked at, before TCP makes the client wait."""
ACCEPTED_AT_ONCE = 4
"""Connections, before the loop does something else: each costs it half a millisecond."""
BACKLOG = 128
"""Connections that wait to be accepted."""
RECEIVE_BUFFER = 65_536
"""Bytes of a client that the system may hold: what stands before a ping of its own."""


class FaceServer:
    """An async context manager that listens while it is entered."""

    def __init__(
        self,
        engine: Engine,
        make_face: FaceFactory,
        *,
        clock: Clock,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        broadcaster: Broadcaster | None = None,
        max_sessions: int = 8,
        allow_origin: Collection[str] = (),
        token: str | None = None,
        open_sound: bool = False,
        tls: ssl.SSLContext | None = None,
        base_path: str = "",
        voices: Sequence[str] = (),
        decoders: Sequence[TokenDecoder] = (),
        agent: AgentMaker | None = None,
        limits: Limits | None = None,
        served_by: ServedBy | None = None,
    ) -> None:
        """Get ready to listen.

        Args:
            engine: what sessions run on.
            make_face: makes the face stage of each session.
            clock: stamps audio that arrives and frames that leave.
            host: address to listen on.
            port: 0 picks a free one.
            broadcaster: the live stream for `/face`; without one there is nothing to watch.
            max_sessions: how many clients may be on `/session` and `/speak` at the same time.
            allow_origin: web origins that may connect besides our own page and this machine's.
            token: what clients must show; None makes one where other machines reach `host`, and an
                empty one lets everybody in who does.
            open_sound: whether everybody who may watch may hear the live stream, too.
            tls: certificate and key, for https and wss.
            base_path: what a proxy leaves before our paths, such as "/facewire".
            voices: of this machine, which clients of `/speak` may name besides the embedded ones;
                the first is for those who name none.
            decoders: of tokens that clients of `/speak` may push, besides the engine's.
            agent: answers on `/agent`; without one nobody does.
            limits: how much one client may ask for.
            served_by: whom its sentences name; by default, a program of somebody's own.
        """
        self.broadcaster = broadcaster or Broadcaster(clock=clock)
        self._has_stream = broadcaster is not None
        self._host = host
        self._port = port
        if token is None:
            token = "" if is_local(host) else make_token()
        self._tls = tls
        self._gate = RequestGate(
            bound_host=host,
            access=Access(token, open_sound),
            allow_origin=tuple(allow_origin),
            base_path="/".join(["", *filter(None, base_path.split("/"))]),
            secure=tls is not None,
            has_agent=agent is not None,
            served_by=(served_by or ServedBy()).command,
        )
        self._port_option = (served_by or ServedBy()).port_option
        self._agent = agent
        self._limits = limits or Limits()
        self._threads = ServerThreads(engine, max_sessions)
        self._sockets = SocketLimits(self._limits, clock)
        self._slots = SessionSlots(max_sessions, self._sockets)
        self._context = ServerContext(
            engine, make_face, self._slots, clock, self._limits, self._threads, tuple(voices),
            tuple(decoders),
        )  # fmt: skip
        self._connections: set[ServerConnection] = set()
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """The port that the server listens on, once it is entered."""
        return self._port

    @property
    def address(self) -> str:
        """Host and port as they go into a URL on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self._host, self._host)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def page_urls(self) -> tuple[str, ...]:
        """Where a browser opens the page, token and all; last, where one on this machine does.

        That is another one where the server listens on every address: browsers lend a microphone
        to this machine's own pages without TLS.
        """
        scheme = "https" if self._tls else "http"
        rest = f"{self._gate.base_path}/{self._gate.access.url_query()}"
        places = dict.fromkeys((f"{reachable_host(self._host)}:{self.port}", self.address))
        return tuple(f"{scheme}://{place}{rest}" for place in places)

    @property
    def is_exposed(self) -> bool:
        """Whether other machines reach it without a token and without TLS."""
        return not (self._gate.access.token or self._tls or is_local(self._host))

    @property
    def context(self) -> ServerContext:
        """What its clients share, for clients of other protocols that shall share it too."""
        return self._context

    @property
    def access(self) -> Access:
        """What clients have to show."""
        return self._gate.access

    @property
    def sessions(self) -> int:
        """How many clients are on `/session` and `/speak`."""
        return self._slots.taken

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: the port is in use, or the address is not ours.
        """
        make_connection = partial(FairConnection, share=self._context.share, sockets=self._sockets)
        try:
            self._server = await serve(
                self._handle,
                self._host,
                self._port,
                process_request=self._answer,
                ssl=self._tls,
                compression=None,
                max_size=self._limits.message_bytes,
                max_queue=MAX_QUEUE,
                # Ours is `keep_alive`.
                ping_interval=None,
                open_timeout=self._limits.opening_s,
                close_timeout=CLOSE_S,
                backlog=ACCEPTED_AT_ONCE,
                create_connection=cast("type[ServerConnection]", make_connection),
                server_header=f"facewire/{__version__}",
                logger=CalmLogger(logger),
            )
        except OSError as error:
            raise listen_error(error, self._host, self._port, self._port_option) from error
        for listening in self._server.sockets:
            # What is accepted inherits it.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            with listening.dup() as same:
                same.listen(BACKLOG)
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
            await closed_within(self._server, CLOSE_S, lambda: self._connections)
        finally:
            self._threads.close()

    async def serve_forever(self) -> None:
        """Return when the server is closed; until then, let the clients do the work."""
        assert self._server is not None, "enter the server first"
        await self._server.wait_closed()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request that wants no WebSocket, or may have none."""
        response = self._gate.answer(connection, request)
        if response and isinstance(connection, FairConnection) and connection.wants_no_body:
            response.body = b""
        return response

    async def _handle(self, connection: ServerConnection) -> None:
        """Serve a WebSocket until it closes; whatever happens, the others go on."""
        assert connection.request is not None
        assert isinstance(connection, FairConnection), "made by create_connection"
        url = urlsplit(connection.request.path)
        self._connections.add(connection)
        alive = asyncio.create_task(keep_alive(connection, self._limits), name="keep alive")
        try:
            path = self._gate.own_path(url.path)
            if path == FACE_PATH:
                await self._watch(connection, without_token(url.query))
            else:
                await self._converse(connection, path)
        except* ConnectionClosed:
            logger.info("client %s left", connection.remote_address)
        except* ProtocolError as errors:
            await refuse(connection, protocol_error_of(errors))
        except* Exception as errors:
            logger.exception("a session failed", exc_info=errors)
            failure = ProtocolError("the server failed; its log says why", ErrorCode.INTERNAL)
            await refuse(connection, failure)
        finally:
            alive.cancel()
            self._connections.discard(connection)

    async def _watch(self, connection: FairConnection, query: str) -> None:
        if not self._has_stream:
            raise ProtocolError(
                f"there is no live stream to watch; send audio to {SESSION_PATH} instead",
                ErrorCode.NO_STREAM,
            )
        viewer = viewer_from_query(connection, query)
        self._sockets.admit(connection, watching=True)
        await serve_viewer(viewer, self.broadcaster, self._live_hello, self._context.clock)

    async def _converse(self, connection: FairConnection, path: str) -> None:
        self._slots.check()
        if path == AGENT_PATH:
            await AgentConnection(connection, self._context, self._agent).run()
        elif path == SPEAK_PATH:
            await SpeakConnection(connection, self._context).run()
        else:
            await SessionConnection(connection, self._context).run()

    def _live_hello(self, stream: LiveStream, viewer: Viewer) -> Hello:
        return self._context.hello(
            Hello, stream.spec, viewer.format, engine=stream.engine, session=stream.session
        )
