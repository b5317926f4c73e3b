"""One client on `/speak`: text, tokens or audio in, speech and faces out, turn by turn."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from facewire.errors import CapacityError, ConfigError, EngineError
from facewire.face import FaceStage
from facewire.frames import StreamSpec
from facewire.server.client import Client, already_open
from facewire.server.client_time import ClientTime
from facewire.server.context import ServerContext
from facewire.server.sockets.fair_connection import FairConnection
from facewire.server.speak_messages import (
    EncodedInterval,
    align,
    ask,
    encode_interval,
    messages_of,
)
from facewire.speaking.alignment.marks import AlignmentError
from facewire.speaking.conversation import Conversation
from facewire.speaking.frame_intervals import FrameInterval
from facewire.speaking.models import SpeechModels
from facewire.speaking.playout import HEAD_START_S, Pacing
from facewire.speaking.voice import Voice
from facewire.speaking.voices import holding, load_local_voice, load_voice
from facewire.tokens import TokenSpace
from facewire.wire.binary import (
    AUDIO_KIND,
    AudioMessage,
    TokensMessage,
    decode_audio,
    decode_tokens,
)
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import Ended, Ping
from facewire.wire.speak import (
    Alignment,
    OpenSpeech,
    SpeakRequest,
    SpeechHello,
    TokenSpaceInfo,
    TurnBegins,
    Word,
    Words,
    decode_speak_request,
    turn_of_alignment,
)

BURST = Pacing(lead_s=600, idles=False)
"""How far speech may be ahead of what is heard, where the client keeps time."""


class SpeakConnection:
    """A client's connection, with at most one stream of turns at a time."""

    def __init__(self, connection: FairConnection, context: ServerContext) -> None:
        self._client = Client(connection, context)
        self._context = context
        self._frames = 0

    async def run(self) -> None:
        """Serve one stream after the other.

        Raises:
            ConnectionClosed: the client left; in an ExceptionGroup while a stream is open.
            ProtocolError: the client did something wrong; grouped likewise.
        """
        await self._client.serve(_decode, OpenSpeech, self._serve_stream)

    async def _serve_stream(self, request: OpenSpeech) -> None:
        models = await self._open(request)
        self._client.inbox.opened = True
        try:
            await self._speak(request, models)
        finally:
            await self._context.threads.wait(models.close)

    async def _speak(self, request: OpenSpeech, models: SpeechModels) -> None:
        """Serve a stream to its end; what makes its speech is let go of by whoever opened it."""

        def make_face(spec: StreamSpec) -> FaceStage:
            return self._context.make_face(spec, idle=request.idle, seed=request.wanted_seed)

        pacing = BURST if request.pacing == "burst" else Pacing(request.lead_ms / 1000)
        conversation = Conversation(
            models,
            make_face,
            pacing,
            self._context.clock,
            threads=self._context.threads,
            limits=self._context.limits,
            spoken_audio=request.audio,
        )
        conversation.feel(request.felt)
        connection = self._client.connection
        self._frames = 0
        await self._client.send(self._hello(request, models))
        try:
            async with asyncio.TaskGroup() as tasks:
                obeying = connection.metered(self._obey(conversation))
                helpers = [tasks.create_task(obeying, name="listen")]
                # Every message wakes the others: what that costs is the client's, too.
                for name, work in conversation.tasks().items():
                    helpers.append(tasks.create_task(connection.charged(work), name=name))
                delivering = self._deliver(conversation, binary=request.format == "binary")
                await connection.charged(delivering)
                for helper in helpers:
                    helper.cancel()
        finally:
            conversation.close()
        await self._client.send(Ended(frames=self._frames, late=conversation.late))

    async def _open(self, request: OpenSpeech) -> SpeechModels:
        try:
            return await self._context.threads.wait(_load_models, self._context, request)
        except CapacityError as error:
            raise ProtocolError(str(error), ErrorCode.BUSY) from error
        except (ConfigError, EngineError) as error:
            raise ProtocolError(str(error), ErrorCode.UNSUPPORTED) from error

    def _hello(self, request: OpenSpeech, models: SpeechModels) -> SpeechHello:
        return self._context.hello(
            SpeechHello,
            models.spec,
            request.format,
            lead_ms=max(request.lead_ms, 1000 * HEAD_START_S),
            pacing=request.pacing,
            tokens=_info(models.space) if models.space else None,
        )

    async def _obey(self, conversation: Conversation) -> None:
        """Do what the client asks for, as long as it reads the answers."""
        time = ClientTime()
        while True:
            data = await self._client.inbox.during(lambda: conversation.busy)
            try:
                request = _decode(data)
            except ProtocolError as error:
                if (turn := _turn_of_times(data)) is None:
                    raise
                conversation.align(turn, AlignmentError(str(error)))
                request = None
            if request is None:
                pass  # its turn goes on without these times
            elif isinstance(request, Ping):
                time.learn(request.client_ns, self._context.clock.now())
                await self._client.answer(request)
            elif isinstance(request, OpenSpeech):
                raise already_open()
            elif isinstance(request, Alignment):
                await align(conversation, request)
            else:
                ask(conversation, request, time, self._context.clock.now())
            await conversation.answers_taken()
            await asyncio.sleep(0)  # others get their turn

    async def _deliver(self, conversation: Conversation, *, binary: bool) -> None:
        """Send what is due when it is due, until all is said."""

        def encode(shown: FrameInterval) -> EncodedInterval:
            return encode_interval(shown, self._context.clock.now(), binary=binary)

        async with aclosing(conversation.play(encode)) as played:
            async for item in played:
                if isinstance(item, EncodedInterval):
                    await self._show(item)
                else:
                    for message in messages_of(item):
                        await self._client.send(message)

    async def _show(self, interval: EncodedInterval) -> None:
        """Send a frame interval, unless its turn is interrupted meanwhile."""
        shown = interval.shown
        turn, frame, send = shown.turn, shown.frame, self._client.send
        if turn is not None and shown.begins:
            await send(TurnBegins(turn=turn.number, sample=frame.timestamp, at=shown.own))
        if turn is not None and shown.words and not turn.interrupted:
            words = [Word(word.label, word.start, word.end) for word in shown.words]
            await send(Words(turn=turn.number, words=words))
        if turn is not None and turn.interrupted:
            return
        await send(interval.frame)
        self._frames += 1
        if interval.audio and not (turn is not None and turn.interrupted):
            await send(interval.audio)


def _decode(data: str | bytes) -> SpeakRequest | AudioMessage | TokensMessage:
    if isinstance(data, str):
        return decode_speak_request(data)
    return decode_audio(data) if data[:1] == bytes([AUDIO_KIND]) else decode_tokens(data)


def _turn_of_times(data: str | bytes) -> int | None:
    return turn_of_alignment(data) if isinstance(data, str) else None


def _load_models(context: ServerContext, request: OpenSpeech) -> SpeechModels:
    """Load what a client asks for; it takes a moment.

    Raises:
        ConfigError: there is no such voice, or the engine cannot be driven by its tokens.
        EngineError: what speaks cannot be reached, or does not fit.
    """
    voice = _load_voice(request, context.voices) if request.text else None
    try:
        return SpeechModels(
            context.engine,
            voice,
            context.clock,
            frame_rate=request.exact_frame_rate,
            audio_format=request.audio_format,
            token_space=request.tokens,
            lookahead_ms=request.lookahead_ms,
            decoders=context.decoders,
            language=request.language,
        )
    except BaseException:
        if voice is not None:
            with holding(voice):
                raise
        raise


def _load_voice(request: OpenSpeech, voices: Sequence[str]) -> Voice:
    name = request.voice or next(iter(voices), "")
    load = load_local_voice if name in voices else load_voice
    return load(
        language=request.language,
        voice=name,
        rate=request.rate,
        pitch=request.pitch,
        face=request.face,
    )


def _info(space: TokenSpace) -> TokenSpaceInfo:
    return TokenSpaceInfo(space.name, space.rate.as_integer_ratio(), space.vocabulary)
