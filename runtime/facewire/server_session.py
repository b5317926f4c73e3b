"""One client on `/session`: a stream of its own, audio in and frames out, and then the next one."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Protocol

from websockets.asyncio.server import ServerConnection

from facewire.channel import Channel
from facewire.clock import Clock
from facewire.engine import Engine, EngineSession
from facewire.errors import CapacityError, ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.server_limits import Limits
from facewire.server_threads import ServerThreads
from facewire.session_audio import AudioIntake, FaceStage, Piece, Punctuality, SessionStream
from facewire.wire import (
    AudioMessage,
    ErrorCode,
    ProtocolError,
    decode_audio,
    encode_frame,
    wire_frame,
)
from facewire.wire_messages import (
    End,
    Ended,
    FrameFormat,
    Hello,
    LookaheadSet,
    Message,
    Open,
    Ping,
    Pong,
    SetLookahead,
    decode_client_message,
    encode_message,
    json_frame,
)

PIECE_CAPACITY = 8
FRAME_CAPACITY = 64


class FaceFactory(Protocol):
    """Makes the face stage of a stream; `idle` adds blinks and small motion."""

    def __call__(self, spec: StreamSpec, *, idle: bool) -> FaceStage:
        """Return a face of its own for one stream."""
        ...


Heard = Piece | SetLookahead
Made = BlendshapeFrame | LookaheadSet

HelloFactory = Callable[[StreamSpec, FrameFormat], Hello]


class SessionConnection:
    """A client's connection, with at most one stream at a time."""

    def __init__(
        self,
        connection: ServerConnection,
        engine: Engine,
        make_face: FaceFactory,
        make_hello: HelloFactory,
        *,
        clock: Clock,
        limits: Limits,
        threads: ServerThreads,
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._make_face = make_face
        self._make_hello = make_hello
        self._clock = clock
        self._limits = limits
        self._threads = threads

    async def run(self) -> None:
        """Serve one stream after the other.

        Raises:
            ConnectionClosed: the client left; in an ExceptionGroup while a stream is open.
            ProtocolError: the client did something wrong; grouped likewise.
        """
        while True:
            message = await self._receive()
            if isinstance(message, Open):
                await self._serve_stream(message)
            else:
                what = "audio" if isinstance(message, AudioMessage) else name_of(message)
                raise ProtocolError(f"send open before {what}", ErrorCode.OUT_OF_ORDER)

    async def _receive(self) -> Open | SetLookahead | End | AudioMessage:
        """Return the next message, having answered pings."""
        while True:
            data = await self._connection.recv()
            if isinstance(data, bytes):
                return decode_audio(data)
            message = decode_client_message(data)
            if not isinstance(message, Ping):
                return message
            await answer_ping(self._connection, message, self._clock)

    async def _serve_stream(self, request: Open) -> None:
        request.check()
        with closing(self._open_session(request)) as session:
            await self._serve(request, session)

    async def _serve(self, request: Open, session: EngineSession) -> None:
        """Serve a stream to its end; its session is closed by whoever opened it."""
        face = self._make_face(session.spec, idle=request.idle)
        stream = SessionStream(request.audio_format, session, face, self._clock)
        punctuality = Punctuality(session.spec)
        await self._connection.send(encode_message(self._make_hello(session.spec, request.format)))
        pieces = Channel[Heard](PIECE_CAPACITY)
        frames = Channel[Made](FRAME_CAPACITY)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                self._listen(AudioIntake(request.audio_format), pieces, punctuality), name="listen"
            )
            tasks.create_task(self._infer(stream, pieces, frames), name="infer")
            delivery = tasks.create_task(
                self._deliver(frames, request.format, punctuality), name="deliver"
            )
        ended = Ended(frames=delivery.result(), late=punctuality.late)
        await self._connection.send(encode_message(ended))

    def _open_session(self, request: Open) -> EngineSession:
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

    async def _listen(
        self, intake: AudioIntake, pieces: Channel[Heard], punctuality: Punctuality
    ) -> None:
        """Take audio until the client says that it was all."""
        try:
            while not isinstance(message := await self._receive(), End):
                if isinstance(message, Open):
                    raise ProtocolError(
                        "this stream is open; end it before the next one", ErrorCode.OUT_OF_ORDER
                    )
                if isinstance(message, SetLookahead):
                    await pieces.send(message)
                    continue
                arrived = self._clock.now()
                punctuality.hear(arrived)
                for piece in intake.take(message, arrived):
                    await pieces.send(piece)
        finally:
            pieces.close()

    async def _infer(
        self, stream: SessionStream, pieces: Channel[Heard], frames: Channel[Made]
    ) -> None:
        compute, captured = self._threads.compute, self._clock.now()
        try:
            async for piece in pieces:
                if isinstance(piece, SetLookahead):
                    await frames.send(await compute(captured, stream.tune, piece.ms))
                    continue
                captured = piece.captured
                for frame in await compute(captured, stream.hear, piece):
                    await frames.send(frame)
            for frame in await compute(captured, stream.finish):
                await frames.send(frame)
        finally:
            frames.close()

    async def _deliver(
        self, frames: Channel[Made], fmt: FrameFormat, punctuality: Punctuality
    ) -> int:
        """Send every frame, and return how many there were."""
        count = 0
        async for frame in frames:
            if isinstance(frame, LookaheadSet):
                punctuality.retune(frame.lookahead)
                await self._send(encode_message(frame))
                continue
            sent = self._clock.now()
            travelling = wire_frame(frame, sent)
            data = (
                encode_frame(travelling)
                if fmt == "binary"
                else encode_message(json_frame(travelling))
            )
            await self._send(data)
            punctuality.count(frame, sent)
            count += 1
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


async def answer_ping(connection: ServerConnection, ping: Ping, clock: Clock) -> None:
    """Tell a client the time."""
    pong = Pong(id=ping.id, client_ns=ping.client_ns, clock_ns=clock.now())
    await connection.send(encode_message(pong))


def name_of(message: Message) -> str:
    """Return what a message is called on the wire."""
    return str(message.__struct_config__.tag)
