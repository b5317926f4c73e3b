"""One client on `/speak`: text, tokens or audio in, speech and faces out, turn by turn."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, aclosing
from typing import Any

from facewire import __version__
from facewire.clock import Clock
from facewire.errors import CapacityError, ConfigError, EngineError
from facewire.face import FaceStage
from facewire.frames import StreamSpec
from facewire.server.client_time import ClientTime
from facewire.server.session import FaceFactory, name_of
from facewire.server.session_intake import answer_ping
from facewire.server.sockets.fair_connection import FairConnection
from facewire.server.sockets.inbox import Inbox
from facewire.server.speak_messages import EncodedInterval, ask, encode_interval, messages_of
from facewire.settings.limits import Limits
from facewire.speaking.conversation import Conversation, Pacing
from facewire.speaking.frame_intervals import FrameInterval
from facewire.speaking.models import SpeechModels
from facewire.speaking.voice import Voice
from facewire.speaking.voices import holding, load_local_voice, load_voice
from facewire.stream.engine import Engine
from facewire.stream.threads import ServerThreads
from facewire.tokens import TokenSpace
from facewire.wire.binary import (
    AUDIO_KIND,
    AudioMessage,
    TokensMessage,
    decode_audio,
    decode_tokens,
)
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import Ended, Message, Ping, encode_message
from facewire.wire.speak import (
    OpenSpeech,
    SpeakRequest,
    SpeechHello,
    TokenSpaceInfo,
    TurnBegins,
    Word,
    Words,
    decode_speak_request,
)

BURST = Pacing(lead_s=600, idles=False)
"""How far speech may be ahead of what is heard, where the client keeps time."""


class SpeakConnection:
    """A client's connection, with at most one stream of turns at a time."""

    def __init__(
        self,
        connection: FairConnection,
        engine: Engine,
        make_face: FaceFactory,
        take_slot: Callable[[FairConnection], AbstractContextManager[None]],
        *,
        clock: Clock,
        limits: Limits,
        threads: ServerThreads,
        voices: Sequence[str] = (),
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._make_face = make_face
        self._take_slot = take_slot
        self._inbox = Inbox(connection, clock, limits)
        self._clock = clock
        self._limits = limits
        self._threads = threads
        self._voices = voices
        self._frames = 0

    async def run(self) -> None:
        """Serve one stream after the other.

        Raises:
            ConnectionClosed: the client left; in an ExceptionGroup while a stream is open.
            ProtocolError: the client did something wrong; grouped likewise.
        """
        while True:
            request = _decode(await self._inbox.first())
            if isinstance(request, Ping):
                await answer_ping(self._connection, request, self._clock)
            elif isinstance(request, OpenSpeech):
                request.check()
                with self._take_slot(self._connection):
                    await self._serve_stream(request)
            else:
                what = "audio or tokens" if isinstance(request, _BINARY) else name_of(request)
                raise ProtocolError(f"send open before {what}", ErrorCode.OUT_OF_ORDER)

    async def _serve_stream(self, request: OpenSpeech) -> None:
        models = await self._open(request)
        self._inbox.opened = True
        try:
            await self._speak(request, models)
        finally:
            await self._threads.wait(models.close)

    async def _speak(self, request: OpenSpeech, models: SpeechModels) -> None:
        """Serve a stream to its end; what makes its speech is let go of by whoever opened it."""

        def make_face(spec: StreamSpec) -> FaceStage:
            return self._make_face(spec, idle=request.idle, seed=request.wanted_seed)

        pacing = BURST if request.pacing == "burst" else Pacing(request.lead_ms / 1000)
        conversation = Conversation(
            models,
            make_face,
            pacing,
            self._clock,
            threads=self._threads,
            limits=self._limits,
            spoken_audio=request.audio,
        )
        self._frames = 0
        await self._send(self._hello(request, models))
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [tasks.create_task(self._listen(conversation), name="listen")]
                for name, work in conversation.tasks().items():
                    helpers.append(tasks.create_task(self._charged(work), name=name))
                await self._charged(self._deliver(conversation, binary=request.format == "binary"))
                for helper in helpers:
                    helper.cancel()
        finally:
            conversation.close()
        await self._send(Ended(frames=self._frames, late=conversation.late))

    async def _open(self, request: OpenSpeech) -> SpeechModels:
        try:
            return await self._threads.wait(
                _load_models, self._engine, request, self._clock, self._voices
            )
        except CapacityError as error:
            raise ProtocolError(str(error), ErrorCode.BUSY) from error
        except (ConfigError, EngineError) as error:
            raise ProtocolError(str(error), ErrorCode.UNSUPPORTED) from error

    def _hello(self, request: OpenSpeech, models: SpeechModels) -> SpeechHello:
        spec, space = models.spec, models.space
        return SpeechHello(
            software=f"facewire {__version__}",
            engine=self._engine.name,
            session=secrets.token_hex(8),
            frame_rate=spec.frame_rate.as_integer_ratio(),
            sample_rate=spec.sample_rate,
            lookahead=0,
            hop=self._engine.hop,
            format=request.format,
            clock_ns=self._clock.now(),
            lead_ms=request.lead_ms,
            pacing=request.pacing,
            tokens=_info(space) if space else None,
        )

    async def _charged(self, work: Coroutine[Any, Any, None]) -> None:
        """Every message wakes these tasks: what that costs is the client's, too."""
        await self._connection.charged(work)

    async def _listen(self, conversation: Conversation) -> None:
        await self._connection.metered(self._obey(conversation))

    async def _obey(self, conversation: Conversation) -> None:
        """Do what the client asks for, as long as it reads the answers."""
        time = ClientTime()
        while True:
            request = _decode(await self._inbox.during(lambda: conversation.busy))
            if isinstance(request, Ping):
                time.learn(request.client_ns, self._clock.now())
                await answer_ping(self._connection, request, self._clock)
            elif isinstance(request, OpenSpeech):
                raise ProtocolError(
                    "this stream is open; end it before the next one", ErrorCode.OUT_OF_ORDER
                )
            else:
                ask(conversation, request, time, self._clock.now())
            await conversation.answers_taken()
            await asyncio.sleep(0)  # others get their turn

    async def _deliver(self, conversation: Conversation, *, binary: bool) -> None:
        """Send what is due when it is due, until all is said."""

        def encode(shown: FrameInterval) -> EncodedInterval:
            return encode_interval(shown, self._clock.now(), binary=binary)

        async with aclosing(conversation.play(encode)) as played:
            async for item in played:
                if isinstance(item, EncodedInterval):
                    await self._show(item)
                else:
                    for message in messages_of(item):
                        await self._send(message)

    async def _show(self, interval: EncodedInterval) -> None:
        """Send a frame interval, unless its turn is interrupted meanwhile."""
        shown = interval.shown
        turn, frame = shown.turn, shown.frame
        if turn is not None and shown.begins:
            await self._send(TurnBegins(turn=turn.number, sample=frame.timestamp, at=shown.own))
        if turn is not None and shown.words and not turn.interrupted:
            words = [Word(word.label, word.start, word.end) for word in shown.words]
            await self._send(Words(turn=turn.number, words=words))
        if turn is not None and turn.interrupted:
            return
        await self._send(interval.frame)
        self._frames += 1
        if interval.audio and not (turn is not None and turn.interrupted):
            await self._send(interval.audio)

    async def _send(self, message: Message | bytes | str) -> None:
        data = encode_message(message) if isinstance(message, Message) else message
        try:
            async with asyncio.timeout(self._limits.unread_s):
                await self._connection.send(data)
        except TimeoutError:
            raise ProtocolError(
                f"frames were not read for {self._limits.unread_s:g} s; read while you send",
                ErrorCode.SLOW_READER,
            ) from None


_BINARY = (AudioMessage, TokensMessage)


def _decode(data: str | bytes) -> SpeakRequest | AudioMessage | TokensMessage:
    if isinstance(data, str):
        return decode_speak_request(data)
    return decode_audio(data) if data[:1] == bytes([AUDIO_KIND]) else decode_tokens(data)


def _load_models(
    engine: Engine, request: OpenSpeech, clock: Clock, voices: Sequence[str]
) -> SpeechModels:
    """Load what a client asks for; it takes a moment.

    Args:
        engine: decodes the tokens, where the voice has no decoder of its own.
        request: what is asked for.
        clock: stamps the frames.
        voices: of this machine, which clients may name; the first is for those who name none.

    Raises:
        ConfigError: there is no such voice, or the engine cannot be driven by its tokens.
        EngineError: what speaks cannot be reached, or does not fit.
    """
    voice = _load_voice(request, voices) if request.text else None
    try:
        return SpeechModels(
            engine,
            voice,
            clock,
            frame_rate=request.exact_frame_rate,
            audio_format=request.audio_format,
            token_space=request.tokens,
            lookahead_ms=request.lookahead_ms,
        )
    except BaseException:
        if voice is not None:
            with holding(voice):
                raise
        raise


def _load_voice(request: OpenSpeech, voices: Sequence[str]) -> Voice:
    name = request.voice or next(iter(voices), "")
    load = load_local_voice if name in voices else load_voice
    return load(language=request.language, voice=name, rate=request.rate, pitch=request.pitch)


def _info(space: TokenSpace) -> TokenSpaceInfo:
    return TokenSpaceInfo(space.name, space.rate.as_integer_ratio(), space.vocabulary)
