"""The port for clients of NVIDIA's Audio2Face-3D: gRPC, with the sessions of the page's server."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

from websockets.datastructures import Headers

from facewire.errors import ConfigError
from facewire.face.profile import NEUTRAL, Profile
from facewire.server.audio2face.answers import ControllerAnswers, PulledAnswers
from facewire.server.audio2face.call import Call, ClientLeft
from facewire.server.audio2face.health import Health
from facewire.server.audio2face.messages import (
    ANIMATION,
    ANIMATION_CONTROLLER,
    AUDIO,
    CONTROLLER,
    ERROR,
    HEALTH,
    load_grpc,
    load_messages,
)
from facewire.server.audio2face.services import Services
from facewire.server.context import ServerContext
from facewire.server.http.access_token import Access
from facewire.server.refusal import CLOSE_S, listen_error, protocol_error_of
from facewire.wire.errors import ErrorCode, ProtocolError

logger = logging.getLogger("facewire.server")

DEFAULT_PORT = 52_000
MESSAGE_BYTES = 3 << 20
"""Of one message to the server: ten seconds at 144 kHz, as NVIDIA's server takes them."""
MOST_CHECKS = 32
"""Health checks at once."""
HANDSHAKE_MS = 10_000
IDLE_MS = 300_000
"""After so long without a call a connection is closed."""

_STATUS = {
    ErrorCode.BUSY: "RESOURCE_EXHAUSTED",
    ErrorCode.IDLE: "DEADLINE_EXCEEDED",
    ErrorCode.INTERNAL: "INTERNAL",
    ErrorCode.NO_STREAM: "UNAVAILABLE",
    ErrorCode.OUT_OF_ORDER: "FAILED_PRECONDITION",
    ErrorCode.SLOW_READER: "DEADLINE_EXCEEDED",
}
"""gRPC's status by what went wrong; all else is INVALID_ARGUMENT."""


Refusal = Callable[[int, str], bytes]
"""Words why a call ends, where NVIDIA's clients look for it."""
Serve = Callable[[Call], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Certificate:
    """For TLS."""

    chain: bytes
    """PEM."""
    key: bytes
    """PEM, without a password."""


class TokenError(ProtocolError):
    """The token is missing or wrong."""

    def __init__(self) -> None:
        super().__init__(
            "the token is missing or wrong; send the metadata authorization: Bearer TOKEN"
        )


class Audio2FaceServer:
    """An async context manager that listens while it is entered, inside of the page's server."""

    def __init__(
        self,
        context: ServerContext,
        access: Access,
        *,
        profile: Profile = NEUTRAL,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        certificate: Certificate | None = None,
    ) -> None:
        """Get ready to listen.

        Args:
            context: of the page's server; its slots, limits and threads are shared.
            access: what clients have to show, as `authorization` in their metadata.
            profile: of faces where the client asks for nothing else.
            host: address to listen on.
            port: 0 picks a free one.
            certificate: for TLS.

        Raises:
            ConfigError: grpcio or protobuf is not installed.
        """
        self._grpc, self._aio = load_grpc()
        load_messages()
        self._context = context
        self._access = access
        self._services = Services(context, profile)
        self._host = host
        self._port = port
        self._certificate = certificate
        self._calls: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._server: Any = None

    @property
    def port(self) -> int:
        """The port that the server listens on, once it is entered."""
        return self._port

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: the port is in use, or the address is not ours.
        """
        _check_port(self._host, self._port)
        self._server = self._aio.server(options=self._options())
        self._server.add_generic_rpc_handlers(self._handlers())
        place = (
            f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"
        )
        try:
            if self._certificate is None:
                self._port = self._server.add_insecure_port(place)
            else:
                pair = (self._certificate.key, self._certificate.chain)
                secure = self._grpc.ssl_server_credentials([pair])
                self._port = self._server.add_secure_port(place, secure)
        except RuntimeError as error:
            raise ConfigError(
                f"gRPC cannot listen on {place}; choose another port with --a2f"
            ) from error
        await self._server.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every call, and listen no more."""
        if self._server is None:
            return
        self._closing = True
        for task in self._calls:
            task.cancel()
        await self._server.stop(CLOSE_S)

    def _options(self) -> list[tuple[str, int]]:
        limits = self._context.limits
        return [
            ("grpc.so_reuseport", 0),  # or a second server would take half of the calls
            ("grpc.max_receive_message_length", MESSAGE_BYTES),
            ("grpc.server_handshake_timeout_ms", HANDSHAKE_MS),
            ("grpc.max_connection_idle_ms", IDLE_MS),
            ("grpc.keepalive_time_ms", int(limits.ping_s * 1_000)),
            ("grpc.keepalive_timeout_ms", int(limits.pong_s * 1_000)),
        ]

    def _handlers(self) -> tuple[Any, ...]:
        # Bytes in and out: what is no message is refused in a sentence, not in gRPC's words.
        grpc, health, serves = self._grpc, Health(self._grpc.StatusCode.NOT_FOUND), self._services
        controller, pulled = ControllerAnswers().status, PulledAnswers().status

        def streams(reads: str, serve: Serve, say: Refusal | None) -> Any:
            # One message is a stream of one: calls with a single answer are served like the rest.
            handle = partial(self._process, reads, serve, say)
            return grpc.stream_stream_rpc_method_handler(_coroutine(handle))

        push = {"PushAudioStream": streams("PushedAudioStream", serves.push, None)}
        pull = {"PullAnimationDataStream": streams("AnimationIds", serves.pull, pulled)}
        ask = {"RequestAnimationIds": streams("Empty", serves.request_ids, None)}
        methods = {
            CONTROLLER: {"ProcessAudioStream": streams("AudioStream", serves.process, controller)},
            AUDIO: push,
            ANIMATION: pull,
            ANIMATION_CONTROLLER: ask | pull | push,
            HEALTH: {"Check": grpc.unary_unary_rpc_method_handler(health.check)},
        }
        return tuple(
            grpc.method_handlers_generic_handler(service, handlers)
            for service, handlers in methods.items()
        )

    async def _process(self, reads: str, serve: Serve, say: Refusal | None, rpc: Any) -> None:
        """Serve a call until it is over; whatever happens, the others go on."""
        task = asyncio.current_task()
        assert task is not None
        call = Call(rpc, reads, self._aio.EOF, self._context)
        self._calls.add(task)
        try:
            refusal = await self._refusal_of(rpc, serve, call)
        except asyncio.CancelledError:
            if not self._closing:
                raise
            task.uncancel()
            refusal = ProtocolError("the server is closing; try again later", ErrorCode.NO_STREAM)
        finally:
            self._calls.discard(task)
        if refusal is not None:
            await self._refuse(rpc, say, call, refusal)

    async def _refusal_of(self, rpc: Any, serve: Serve, call: Call) -> ProtocolError | None:
        """Serve a call, and return why it ends before its time, if the client is to hear it."""
        refusal: ProtocolError | None = None
        try:
            self._check_token(rpc)
            await serve(call)
        except* ClientLeft:
            logger.info("Audio2Face-3D client %s left", rpc.peer())
        except* ProtocolError as errors:
            refusal = protocol_error_of(errors)
        except* Exception as errors:
            logger.exception("a clip failed", exc_info=errors)
            refusal = ProtocolError("the server failed; its log says why", ErrorCode.INTERNAL)
        return refusal

    async def _refuse(
        self, rpc: Any, say: Refusal | None, call: Call, error: ProtocolError
    ) -> None:
        """Say what was wrong where NVIDIA's clients look for it, and as the status of the call."""
        logger.info("Audio2Face-3D client %s: %s", rpc.peer(), error)
        message = f"{error}."
        name = _STATUS.get(error.code, "INVALID_ARGUMENT")
        if isinstance(error, TokenError):
            name = "UNAUTHENTICATED"
        try:
            async with asyncio.timeout(CLOSE_S):
                if say is not None and error.code is not ErrorCode.SLOW_READER:
                    await call.send(say(ERROR, message))
                if not self._closing:
                    await call.drain()
        except (TimeoutError, ClientLeft):
            logger.info("Audio2Face-3D client %s does not read why", rpc.peer())
        with suppress(TimeoutError):
            # The status stands behind what is not read; a call that is let go of is reset.
            async with asyncio.timeout(CLOSE_S):
                await rpc.abort(getattr(self._grpc.StatusCode, name), message)

    def _check_token(self, rpc: Any) -> None:
        shown = [
            ("Authorization", value)
            for key, value in rpc.invocation_metadata() or ()
            if key == "authorization" and isinstance(value, str)
        ]
        if not self._access.admits("", Headers(shown)):
            raise TokenError


def _coroutine(handle: Callable[[Any], Awaitable[None]]) -> Callable[[Any, Any], Any]:
    """Return what grpcio takes for a coroutine function: it is called with an iterator, too."""

    async def handler(_: Any, rpc: Any) -> None:
        await handle(rpc)

    return handler


def _check_port(host: str, port: int) -> None:
    """Find out whether one can listen there, since gRPC does not say why not.

    Raises:
        ConfigError: one cannot.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise listen_error(error, host, port, "--a2f") from error
