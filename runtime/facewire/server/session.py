"""One client on `/session`: a stream of its own, audio in and frames out, and then the next one."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import Protocol

from facewire.clock import MILLISECOND, Clock
from facewire.errors import CapacityError, ConfigError
from facewire.face import FaceStage
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.server.session_audio import AudioIntake, Punctuality, SessionStream
from facewire.server.session_intake import Heard, SessionListener, answer_ping, decode_message
from facewire.server.sockets.fair_connection import FairConnection
from facewire.server.sockets.inbox import Inbox
from facewire.settings.limits import Limits
from facewire.stream.channel import Channel
from facewire.stream.engine import Engine, EngineSession
from facewire.stream.threads import ServerThreads
from facewire.wire.binary import AudioMessage, encode_frame, wire_frame
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import (
    Ended,
    FrameFormat,
    Hello,
    Message,
    Ping,
    encode_message,
    json_frame,
)
from facewire.wire.session import LookaheadSet, OpenSession, SetLookahead, Silence

PIECE_CAPACITY = 8
FRAME_CAPACITY = 64
SILENCE_MS = 250.0
"""After so long without audio silence goes on, unless the client says otherwise."""


class FaceFactory(Protocol):
    """Makes the face stage of a stream; `idle` adds blinks and small motion."""

    def __call__(self, spec: StreamSpec, *, idle: bool, seed: int | None) -> FaceStage:
        """Return a face of its own for one stream; the same seed moves the same way."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ReadyFrame:
    """A frame that can be sent."""

    frame: BlendshapeFrame
    text: str | None
    """In the `json` format: writing it takes long enough to be done beside the event loop."""


Made = ReadyFrame | LookaheadSet | Silence

HelloFactory = Callable[[StreamSpec, FrameFormat], Hello]


class SessionConnection:
    """A client's connection, with at most one stream at a time."""

    def __init__(
        self,
        connection: FairConnection,
        engine: Engine,
        make_face: FaceFactory,
        make_hello: HelloFactory,
        take_slot: Callable[[FairConnection], AbstractContextManager[None]],
        *,
        clock: Clock,
        limits: Limits,
        threads: ServerThreads,
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._make_face = make_face
        self._make_hello = make_hello
        self._take_slot = take_slot
        self._clock = clock
        self._limits = limits
        self._threads = threads
        self._inbox = Inbox(connection, clock, limits)

    async def run(self) -> None:
        """Serve one stream after the other.

        Raises:
            ConnectionClosed: the client left; in an ExceptionGroup while a stream is open.
            ProtocolError: the client did something wrong; grouped likewise.
        """
        while True:
            message = decode_message(await self._inbox.first())
            if isinstance(message, Ping):
                await answer_ping(self._connection, message, self._clock)
            elif isinstance(message, OpenSession):
                await self._serve_stream(message)
            else:
                what = "audio" if isinstance(message, AudioMessage) else name_of(message)
                raise ProtocolError(f"send open before {what}", ErrorCode.OUT_OF_ORDER)

    async def _serve_stream(self, request: OpenSession) -> None:
        request.check()
        with self._take_slot(self._connection):
            compute, now = self._threads.compute, self._clock.now()
            with closing(await compute(now, self._open_session, request)) as session:
                self._inbox.opened = True
                stream = await compute(now, self._make_stream, request, session)
                await self._serve(request, session.spec, stream)

    def _open_session(self, request: OpenSession) -> EngineSession:
        try:
            return self._engine.session(
                frame_rate=request.exact_frame_rate,
                lookahead_ms=request.lookahead_ms,
                clock=self._clock,
            )
        except CapacityError as error:
            raise ProtocolError(str(error), ErrorCode.BUSY) from error
        except ConfigError as error:
            raise ProtocolError(str(error), ErrorCode.UNSUPPORTED) from error

    def _make_stream(self, request: OpenSession, session: EngineSession) -> SessionStream:
        face = self._make_face(session.spec, idle=request.idle, seed=request.wanted_seed)
        return SessionStream(request.audio_format, session, face, self._clock)

    async def _serve(self, request: OpenSession, spec: StreamSpec, stream: SessionStream) -> None:
        """Serve a stream to its end; its session is closed by whoever opened it."""
        punctuality = Punctuality(spec)
        await self._connection.send(encode_message(self._make_hello(spec, request.format)))
        pieces = Channel[Heard](PIECE_CAPACITY)
        frames = Channel[Made](FRAME_CAPACITY)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(request, pieces, punctuality), name="listen")
            tasks.create_task(self._infer(stream, request.format, pieces, frames), name="infer")
            delivery = tasks.create_task(self._deliver(frames, punctuality), name="deliver")
        ended = Ended(frames=delivery.result(), late=punctuality.late)
        await self._connection.send(encode_message(ended))

    async def _listen(
        self, request: OpenSession, pieces: Channel[Heard], punctuality: Punctuality
    ) -> None:
        """Take audio until the client says that it was all."""
        intake = AudioIntake(request.audio_format)
        silence_ns = None
        if (silence_ms := request.silence_ms) is not None:
            silence_ns = int((silence_ms or SILENCE_MS) * MILLISECOND)
        try:
            listener = SessionListener(
                self._connection, self._inbox, intake, self._clock, silence_ns
            )
            await self._connection.metered(listener.listen(pieces, punctuality))
        finally:
            pieces.close()

    async def _infer(
        self,
        stream: SessionStream,
        fmt: FrameFormat,
        pieces: Channel[Heard],
        frames: Channel[Made],
    ) -> None:
        """Have faces made bite by bite: of a client in no hurry, when nobody else waits."""
        compute, clock, due = self._threads.compute, self._clock, None
        try:
            async for piece in pieces:
                if isinstance(piece, Silence):
                    await frames.send(piece)
                elif isinstance(piece, SetLookahead):
                    await frames.send(await compute(due, stream.tune, piece.ms))
                else:
                    due = piece.due
                    for frame in await compute(
                        due, lambda p: _ready(stream.hear(p), fmt, clock), piece
                    ):
                        await frames.send(frame)
            for frame in await compute(due, lambda: _ready(stream.finish(), fmt, clock)):
                await frames.send(frame)
        finally:
            frames.close()

    async def _deliver(self, frames: Channel[Made], punctuality: Punctuality) -> int:
        """Send every frame, and return how many there were."""
        count = 0
        async for made in frames:
            if isinstance(made, ReadyFrame):
                sent = self._clock.now()
                await self._send(made.text or encode_frame(wire_frame(made.frame, sent)))
                punctuality.count(made.frame, sent)
                count += 1
                continue
            if isinstance(made, LookaheadSet):
                punctuality.retune(made.lookahead)
            await self._send(encode_message(made))
        return count

    async def _send(self, data: str | bytes) -> None:
        """Send a message to a client that reads.

        Raises:
            ProtocolError: it does not.
        """
        try:
            async with asyncio.timeout(self._limits.unread_s):
                await self._connection.send(data)
        except TimeoutError:
            raise ProtocolError(
                f"frames were not read for {self._limits.unread_s:g} s; read while you send",
                ErrorCode.SLOW_READER,
            ) from None


def _ready(frames: list[BlendshapeFrame], fmt: FrameFormat, clock: Clock) -> list[ReadyFrame]:
    """Write frames as text, where that is wanted."""
    if fmt == "binary":
        return [ReadyFrame(frame, None) for frame in frames]
    return [
        ReadyFrame(frame, encode_message(json_frame(wire_frame(frame, clock.now()))))
        for frame in frames
    ]


def name_of(message: Message) -> str:
    """Return what a message is called on the wire."""
    return str(message.__struct_config__.tag)
