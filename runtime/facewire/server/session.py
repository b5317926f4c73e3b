"""One client on `/session`: a stream of its own, audio in and frames out, and then the next one."""

import asyncio
from contextlib import ExitStack, closing
from dataclasses import dataclass

import msgspec

from facewire.clock import MILLISECOND, Clock
from facewire.errors import CapacityError, ConfigError
from facewire.face import FaceStage
from facewire.face.stage import draw_seed
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.server.client import Client
from facewire.server.context import ServerContext
from facewire.server.session_audio import (
    AudioIntake,
    ProvisionalFaces,
    Punctuality,
    SessionStream,
)
from facewire.server.session_intake import Heard, SessionListener, decode_message
from facewire.server.sockets.fair_connection import FairConnection
from facewire.stream.channel import Channel
from facewire.stream.engine import EngineSession, open_in_style
from facewire.wire.binary import encode_frame, wire_frame
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import (
    Ended,
    FrameFormat,
    Hello,
    SetEmotion,
    encode_message,
    json_frame,
)
from facewire.wire.session import LookaheadSet, OpenSession, SetLookahead, Silence

PIECE_CAPACITY = 8
FRAME_CAPACITY = 64
SILENCE_MS = 250.0
"""After so long without audio silence goes on, unless the client says otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadyFrame:
    """A frame that can be sent."""

    frame: BlendshapeFrame
    text: str | None
    """In the `json` format: writing it takes long enough to be done beside the event loop."""


Made = ReadyFrame | LookaheadSet | Silence


class SessionConnection:
    """A client's connection, with at most one stream at a time."""

    def __init__(self, connection: FairConnection, context: ServerContext) -> None:
        self._client = Client(connection, context)
        self._context = context

    async def run(self) -> None:
        """Serve one stream after the other.

        Raises:
            ConnectionClosed: the client left; in an ExceptionGroup while a stream is open.
            ProtocolError: the client did something wrong; grouped likewise.
        """
        await self._client.serve(decode_message, OpenSession, self._serve_stream)

    async def _serve_stream(self, request: OpenSession) -> None:
        compute, now = self._context.threads.compute, self._context.clock.now()
        with ExitStack() as sessions:

            async def opened(request: OpenSession) -> EngineSession:
                session = await compute(now, open_session, self._context, request)
                return sessions.enter_context(closing(session))

            session = await opened(request)
            at_once = None
            if request.provisional:
                at_once = await opened(msgspec.structs.replace(request, lookahead_ms=0.0))
            self._client.inbox.opened = True
            stream = await compute(now, self._make_stream, request, session, at_once)
            await self._serve(request, session.spec, stream)

    def _make_stream(
        self, request: OpenSession, session: EngineSession, at_once: EngineSession | None
    ) -> SessionStream:
        # Both of a stream that comes twice move the same way.
        seed = draw_seed() if request.wanted_seed is None else request.wanted_seed

        def face(session: EngineSession) -> FaceStage:
            return self._context.make_face(session.spec, idle=request.idle, seed=seed)

        provisional = None
        if at_once is not None:
            provisional = ProvisionalFaces(at_once, face(at_once), self._context.engine.hop)
        return SessionStream(
            request.audio_format,
            session,
            face(session),
            self._context.clock,
            provisional,
            request.felt,
        )

    async def _serve(self, request: OpenSession, spec: StreamSpec, stream: SessionStream) -> None:
        """Serve a stream to its end; its session is closed by whoever opened it."""
        punctuality = Punctuality(spec)
        await self._client.connection.send(
            encode_message(self._context.hello(Hello, spec, request.format))
        )
        pieces = Channel[Heard](PIECE_CAPACITY)
        frames = Channel[Made](FRAME_CAPACITY)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(request, pieces, punctuality), name="listen")
            tasks.create_task(self._infer(stream, request.format, pieces, frames), name="infer")
            delivery = tasks.create_task(self._deliver(frames, punctuality), name="deliver")
        ended = Ended(frames=delivery.result(), late=punctuality.late)
        await self._client.connection.send(encode_message(ended))

    async def _listen(
        self, request: OpenSession, pieces: Channel[Heard], punctuality: Punctuality
    ) -> None:
        """Take audio until the client says that it was all."""
        intake = AudioIntake(request.audio_format)
        silence_ns = None
        if (silence_ms := request.silence_ms) is not None:
            silence_ns = int((silence_ms or SILENCE_MS) * MILLISECOND)
        try:
            listener = SessionListener(self._client, intake, self._context.clock, silence_ns)
            await self._client.connection.metered(listener.listen(pieces, punctuality))
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
        compute, clock, due = self._context.threads.compute, self._context.clock, None
        try:
            async for piece in pieces:
                if isinstance(piece, Silence):
                    await frames.send(piece)
                elif isinstance(piece, SetEmotion):
                    stream.feel(piece.felt)
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
        """Send every frame, and return how many there were; a corrected one counts once."""
        count = 0
        async for made in frames:
            if isinstance(made, ReadyFrame):
                sent = self._context.clock.now()
                await self._client.send(made.text or encode_frame(wire_frame(made.frame, sent)))
                if not made.frame.provisional:
                    punctuality.count(made.frame, sent)
                    count += 1
                continue
            if isinstance(made, LookaheadSet):
                punctuality.retune(made.lookahead)
            await self._client.send(made)
        return count


def open_session(context: ServerContext, request: OpenSession) -> EngineSession:
    """Open the engine's session that a client asks for.

    Raises:
        ProtocolError: the engine cannot do it, or has no place.
    """
    try:
        return open_in_style(
            context.engine,
            request.wanted_style,
            frame_rate=request.exact_frame_rate,
            lookahead_ms=request.lookahead_ms,
            clock=context.clock,
        )
    except CapacityError as error:
        raise ProtocolError(str(error), ErrorCode.BUSY) from error
    except ConfigError as error:
        raise ProtocolError(str(error), ErrorCode.UNSUPPORTED) from error


def _ready(frames: list[BlendshapeFrame], fmt: FrameFormat, clock: Clock) -> list[ReadyFrame]:
    """Write frames as text, where that is wanted."""
    if fmt == "binary":
        return [ReadyFrame(frame, None) for frame in frames]
    return [
        ReadyFrame(frame, encode_message(json_frame(wire_frame(frame, clock.now()))))
        for frame in frames
    ]
