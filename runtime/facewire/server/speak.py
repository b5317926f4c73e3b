"""One client on `/speak`: text, tokens or audio in, speech and faces out, turn by turn."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any

from facewire import __version__
from facewire.clock import Clock
from facewire.errors import CapacityError, ConfigError, EngineError
from facewire.frames import StreamSpec
from facewire.server.session import FaceFactory, name_of
from facewire.server.session_audio import FaceStage
from facewire.server.session_intake import answer_ping
from facewire.server.sockets.fair_connection import FairConnection
from facewire.server.sockets.inbox import Inbox
from facewire.server.speak_frames import EncodedInterval, encode_interval
from facewire.settings.limits import Limits
from facewire.speaking.conversation import Conversation
from facewire.speaking.models import SpeechModels, open_speech_models
from facewire.speaking.playout import PlannedInterval, Playout
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
from facewire.wire.messages import End, Ended, Message, Ping, encode_message
from facewire.wire.speak import (
    BeginSpeech,
    EndTurn,
    Interrupt,
    OpenSpeech,
    Pause,
    Resume,
    SetPlayout,
    SpeakRequest,
    SpeechHello,
    Text,
    TokenSpaceInfo,
    TurnBegins,
    Word,
    Words,
    decode_speak_request,
)

MAX_ANSWERS = 64
"""Answers that wait for a client to read them, before no more of its requests are read."""
TOGETHER = 16
"""Frames that are rendered at once: short work, where everything leaves as soon as it is made."""


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

        conversation = Conversation(models, make_face, threads=self._threads, limits=self._limits)
        self._frames = 0
        await self._send(self._hello(models, conversation.playout.spec))
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [
                    tasks.create_task(self._listen(conversation), name="listen"),
                    tasks.create_task(
                        self._charged(conversation.synthesizer.speak()), name="speak"
                    ),
                    tasks.create_task(self._charged(conversation.synthesizer.face()), name="face"),
                ]
                await self._charged(self._deliver(conversation, request))
                for helper in helpers:
                    helper.cancel()
        finally:
            conversation.synthesizer.close()
        await self._send(Ended(frames=self._frames, late=conversation.playout.late))

    async def _open(self, request: OpenSpeech) -> SpeechModels:
        try:
            return await self._threads.wait(
                open_speech_models, self._engine, request, self._clock, self._voices
            )
        except CapacityError as error:
            raise ProtocolError(str(error), ErrorCode.BUSY) from error
        except (ConfigError, EngineError) as error:
            raise ProtocolError(str(error), ErrorCode.UNSUPPORTED) from error

    def _hello(self, models: SpeechModels, spec: StreamSpec) -> SpeechHello:
        request, space = models.request, models.space
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
        await self._connection.metered(self._obey_all(conversation))

    async def _obey_all(self, conversation: Conversation) -> None:
        """Do what the client asks for, as long as it reads the answers."""
        while True:
            request = _decode(await self._inbox.during(lambda: conversation.busy))
            if isinstance(request, Ping):
                conversation.time.learn(request.client_ns, self._clock.now())
                await answer_ping(self._connection, request, self._clock)
            elif isinstance(request, OpenSpeech):
                raise ProtocolError(
                    "this stream is open; end it before the next one", ErrorCode.OUT_OF_ORDER
                )
            else:
                _obey(conversation, request)
            while len(conversation.answers) > MAX_ANSWERS:
                await conversation.answered.wait()
            await asyncio.sleep(0)  # others get their turn

    async def _deliver(self, conversation: Conversation, request: OpenSpeech) -> None:
        """Send what is due when it is due, until all is said."""
        playout = conversation.playout
        while not (conversation.over and not conversation.answers):
            if conversation.answers:
                await self._send(conversation.answers.popleft())
                conversation.answered.set()
            elif (turn := playout.ended()) is not None:
                for message in conversation.report_end(turn):
                    await self._send(message)
            elif planned := self._plan(playout):
                conversation.synthesizer.wake()
                for interval in await self._render(playout, planned, request):
                    await self._show(interval)
            else:
                now = self._clock.now()
                moments = (playout.wake(now), conversation.end_stalled(now))
                due = min((moment for moment in moments if moment is not None), default=None)
                await conversation.progress.wait(due)

    def _plan(self, playout: Playout) -> list[PlannedInterval]:
        """Return the frame intervals that are due, a few at a time."""
        planned: list[PlannedInterval] = []
        while len(planned) < TOGETHER and (one := playout.plan(self._clock.now())) is not None:
            planned.append(one)
            if one.turn is not None and one.turn.drained:
                break  # its end is told before anything of the next one leaves
        return planned

    async def _render(
        self, playout: Playout, planned: Sequence[PlannedInterval], request: OpenSpeech
    ) -> list[EncodedInterval]:
        """Render frame intervals and put them into bytes, on a thread."""
        binary, now = request.format == "binary", self._clock.now

        def render() -> list[EncodedInterval]:
            return [encode_interval(playout.render(one), now(), binary=binary) for one in planned]

        due = playout.clock.due(planned[0].sample, self._clock.now())
        return await self._threads.compute(due, render)

    async def _show(self, interval: EncodedInterval) -> None:
        """Send a frame interval, unless its turn is interrupted meanwhile."""
        shown = interval.shown
        turn, frame = shown.turn, shown.frame
        if turn is not None and shown.begins:
            await self._send(TurnBegins(turn=turn.number, sample=frame.timestamp, at=shown.own))
        if turn is not None and shown.words and not turn.dropped:
            words = [Word(word.label, word.start, word.end) for word in shown.words]
            await self._send(Words(turn=turn.number, words=words))
        if turn is not None and turn.dropped:
            return
        await self._send(interval.frame)
        self._frames += 1
        if interval.audio and not (turn is not None and turn.dropped):
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


def _obey(
    conversation: Conversation,
    request: "SpeakRequest | AudioMessage | TokensMessage",
) -> None:
    match request:
        case Text():
            conversation.say(request)
        case BeginSpeech():
            conversation.begin_speech(request)
        case AudioMessage() | TokensMessage():
            conversation.take(request)
        case EndTurn():
            conversation.end_turn(request)
        case Interrupt():
            conversation.interrupt(request)
        case SetPlayout():
            conversation.set_playout(request)
        case Pause():
            conversation.pause(request)
        case Resume():
            conversation.resume()
        case End():
            conversation.end()


def _info(space: TokenSpace) -> TokenSpaceInfo:
    return TokenSpaceInfo(space.name, space.rate.as_integer_ratio(), space.vocabulary)
