"""One client on `/agent`: it hears when a person speaks, and has the agent answer."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from msgspec import UNSET, UnsetType

from facewire import __version__
from facewire.agents.agent import Agent, AgentError, AgentMaker, Heard, Spoken
from facewire.audio.resample import StreamResampler
from facewire.foreign_code import await_foreign, call_foreign
from facewire.frames import Samples
from facewire.listening.activity import (
    LOUDNESS_SENTENCE,
    SAMPLE_RATE,
    has_silero,
    open_activity,
)
from facewire.listening.utterances import LONGEST_S, SpeechBegins, Utterance, UtteranceListener
from facewire.server.client import Client, already_open
from facewire.server.context import ServerContext
from facewire.server.session_audio import AudioIntake, PcmPiece
from facewire.server.sockets.fair_connection import FairConnection
from facewire.speaking.text.clauses import ClauseSplitter
from facewire.wire.agent import (
    AgentHello,
    AgentProblem,
    OpenAgent,
    ReplyEnd,
    Say,
    SpeechEnded,
    SpeechStarted,
    decode_agent_request,
)
from facewire.wire.binary import AudioMessage, decode_audio
from facewire.wire.errors import ErrorCode, ProtocolError
from facewire.wire.messages import End, Ping

logger = logging.getLogger(__name__)

_ENDS = (".", "!", "?", "…", "。", "！", "？")
"""What ends a sentence: an answer that comes in pieces is said in sentences."""
EMPTY_PIECES = 10_000
"""So many pieces without a letter may come one after the other."""
_FAILED = "the agent failed, and the server's log says why; say it again"
_UNMADE = "the agent cannot begin, and the server's log says why; try again later"


class AgentConnection:
    """A client's connection, with at most one conversation at a time."""

    def __init__(
        self, connection: FairConnection, context: ServerContext, maker: AgentMaker | None
    ) -> None:
        self._client = Client(connection, context)
        self._context = context
        self._maker = maker

    async def run(self) -> None:
        """Serve one conversation after the other.

        Raises:
            ConnectionClosed: the client left; in an ExceptionGroup while a conversation is open.
            ProtocolError: the client did something wrong, or there is no agent; grouped likewise.
        """
        if self._maker is None:
            raise ProtocolError(
                "there is no agent here; start the server with facewire serve --agent canned",
                ErrorCode.UNSUPPORTED,
            )
        await self._client.serve(_decode, OpenAgent, self._serve_stream)

    async def _serve_stream(self, request: OpenAgent) -> None:
        assert self._maker is not None, "checked by run"
        compute, now = self._context.threads.compute, self._context.clock.now()
        listener = UtteranceListener(await compute(now, open_activity))
        self._client.inbox.opened = True
        await self._client.send(
            AgentHello(
                software=f"facewire {__version__}",
                session=secrets.token_hex(8),
                agent=self._maker.name,
                note="" if has_silero() else LOUDNESS_SENTENCE,
                clock_ns=now,
            )
        )
        async with asyncio.TaskGroup() as tasks:
            answers = Answers(self._client, _made(self._maker), self._context, tasks)
            try:
                ears = _Ears(request, listener)
                await self._client.connection.metered(self._listen(request, ears, answers))
            finally:
                answers.cancel()

    async def _listen(self, request: OpenAgent, ears: "_Ears", answers: "Answers") -> None:
        """Hear the client until it says that it was all."""
        intake, inbox = AudioIntake(request.audio_format), self._client.inbox
        while True:
            message = _decode(await inbox.during(lambda: answers.busy))
            if isinstance(message, Ping):
                await self._client.answer(message)
            elif isinstance(message, OpenAgent):
                raise already_open()
            elif isinstance(message, End):
                return
            else:
                for piece in intake.take(message, inbox.arrived):
                    if isinstance(piece, PcmPiece):
                        for told in await self._context.threads.compute(
                            inbox.arrived, ears.hear, piece.pcm
                        ):
                            await answers.take(told)
            await asyncio.sleep(0)  # others get their turn


class _Ears:
    """From a client's PCM to what is told of it. Used by one thread at a time."""

    def __init__(self, request: OpenAgent, listener: UtteranceListener) -> None:
        self._format = request.audio_format
        rate, channels = self._format.sample_rate, self._format.channels
        self._resampler = StreamResampler(rate, SAMPLE_RATE, channels, live=True)
        self._listener = listener

    def hear(self, pcm: bytes) -> list[SpeechBegins | Utterance]:
        samples: Samples = self._resampler.push(self._format.decode(pcm))
        return self._listener.push(samples)


class Answers:
    """The answers of one conversation: at most one at a time. Used by one event loop."""

    def __init__(
        self, client: Client, agent: Agent, context: ServerContext, tasks: asyncio.TaskGroup
    ) -> None:
        self._client = client
        self._agent = agent
        self._limits = context.limits
        self._tasks = tasks
        self._running: asyncio.Task[None] | None = None
        self._replies = 0

    @property
    def busy(self) -> bool:
        """Whether an answer is being made."""
        return self._running is not None and not self._running.done()

    async def take(self, told: SpeechBegins | Utterance) -> None:
        """Do what was heard asks for: fall silent, or answer."""
        self.cancel()
        if isinstance(told, SpeechBegins):
            await self._client.send(SpeechStarted(ms=_ms(told.sample)))
            return
        self._replies += 1
        number = self._replies
        ended = SpeechEnded(reply=number, ms=_ms(told.end), known_ms=_ms(told.known - told.end))
        await self._client.send(ended)
        if not told.whole:
            await self._tell(
                number,
                f"{LONGEST_S:g} s came without a pause, so this is answered as it stands; the "
                "next words are heard after a pause",
            )
        answering = self._answer(number, Spoken(told.samples))
        self._running = self._tasks.create_task(answering, name=f"answer {number}")

    def cancel(self) -> None:
        """Make no more of the answer."""
        if self._running is not None:
            self._running.cancel()
        self._running = None

    async def _answer(self, number: int, said: Spoken) -> None:
        """Have the agent answer; what it does wrong ends this answer, and no more."""
        try:
            async with aclosing(self._sentences(said)) as sentences:
                heard: str | UnsetType = UNSET
                async for part in sentences:
                    if isinstance(part, Heard):
                        heard = part.text[: self._limits.text_characters]
                        continue
                    await self._client.send(Say(reply=number, text=part, heard=heard))
                    heard = UNSET
        except TimeoutError:
            seconds = self._limits.agent_s
            await self._tell(number, f"the agent did not answer for {seconds:g} s; say it again")
        # Whoever is on the page need not know addresses and classes: those are for the log.
        except AgentError as error:
            logger.warning("the agent failed: %s", error)
            await self._tell(number, error.plain)
        except Exception:
            logger.exception("the agent failed")
            await self._tell(number, _FAILED)
        await self._client.send(ReplyEnd(reply=number))

    async def _sentences(self, said: Spoken) -> AsyncGenerator[str | Heard, None]:
        """Yield an answer in whole sentences, as soon as each is there, and what was understood.

        Raises:
            TimeoutError: nothing came for too long.
            RuntimeError: only empty pieces came, or the agent exited or cancelled itself.
            Exception: what the agent raised.
        """
        async with asyncio.timeout(self._limits.agent_s):
            answer = await await_foreign(self._agent.reply(said))
        if isinstance(answer, str):
            if answer.strip():
                yield answer[: self._limits.text_characters]
            return
        if not hasattr(answer, "__anext__"):
            raise TypeError(f"it replied with {type(answer).__name__!r} instead of text")
        splitter, sentence, left = ClauseSplitter(), "", self._limits.text_characters
        empty = 0
        try:
            while left > 0 and (piece := await self._next(answer)) is not None:
                if isinstance(piece, Heard):
                    yield piece
                    continue
                left -= len(piece)
                empty = 0 if piece else empty + 1
                if empty > EMPTY_PIECES:
                    raise RuntimeError(f"{empty} empty pieces came one after the other")
                for clause in splitter.push(piece):
                    sentence = f"{sentence} {clause}".strip()
                    if sentence.endswith(_ENDS):
                        yield sentence
                        sentence = ""
        finally:
            await self._close(answer)
        if rest := " ".join([sentence, *splitter.flush()]).strip():
            yield rest

    async def _next(self, answer: AsyncIterator[str | Heard]) -> str | Heard | None:
        try:
            async with asyncio.timeout(self._limits.agent_s):
                piece: object = await await_foreign(anext(answer))
                await asyncio.sleep(0)  # an agent that never waits must not keep others waiting
        except StopAsyncIteration:
            return None
        if not isinstance(piece, str | Heard):
            raise TypeError(f"it replied with {type(piece).__name__!r} instead of text")
        return piece

    async def _close(self, answer: AsyncIterator[str | Heard]) -> None:
        """End a generator; an iterator that cannot be closed is left alone."""
        close = getattr(answer, "aclose", None)
        if close is None:
            return
        try:
            async with asyncio.timeout(self._limits.agent_s):
                await await_foreign(close())
        except Exception:
            logger.warning("the agent did not end its answer in order", exc_info=True)

    async def _tell(self, number: int, message: str) -> None:
        await self._client.send(AgentProblem(reply=number, message=message))


def _made(maker: AgentMaker) -> Agent:
    """Return an agent for one conversation.

    Raises:
        ProtocolError: it cannot be made.
    """
    try:
        return call_foreign(maker.make)
    except AgentError as error:
        logger.warning("the agent cannot begin: %s", error)
        raise ProtocolError(error.plain, ErrorCode.INTERNAL) from error
    except Exception as error:
        logger.exception("the agent cannot begin")
        raise ProtocolError(_UNMADE, ErrorCode.INTERNAL) from error


def _ms(samples: int) -> float:
    return samples * 1000 / SAMPLE_RATE


def _decode(data: str | bytes) -> OpenAgent | End | Ping | AudioMessage:
    return decode_audio(data) if isinstance(data, bytes) else decode_agent_request(data)
