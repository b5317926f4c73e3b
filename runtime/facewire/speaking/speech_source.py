"""Speech that a voice makes from clauses, as one stream: audio to be played, and its tokens ahead.

A clause that comes in time follows the one before without a gap. Where none is there, a live
stream goes on with silence, sample by sample, so that its clock never stops.
"""

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterator,
    Sequence,
)
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from facewire.clock import SECOND, Clock
from facewire.daemon_thread import call_in_daemon
from facewire.frames import AudioChunk, Samples
from facewire.speaking.speech_session import SpeechSession
from facewire.speaking.voice import CancellableVoice, Span, Speech, Voice
from facewire.stream.channel import Channel, ChannelClosed
from facewire.tokens import TokenChunk

_HEAD_START = SECOND // 50
"""From the first face to the first sound, ns: so that no face is late, the first ones included."""

_MADE = 2
"""Clauses that wait to be played; the next is made when one of them is taken."""

_LAST_PIECE_S = 0.5
"""How long a voice that nobody listens to any more is waited for: it may hang."""


class SpeechSource:
    """The audio of one stream, and in its session the tokens, `horizon` samples ahead at least.

    In a live stream a chunk comes when its first sample is to be played; otherwise all come as
    fast as they are taken. The first chunk is empty: faces come before any sound. Speech that
    follows silence begins a new turn.
    """

    def __init__(
        self,
        clauses: AsyncIterable[str],
        voice: Voice,
        session: SpeechSession,
        clock: Clock,
        *,
        live: bool,
        chunk_samples: int = 160,
        on_words: Callable[[Sequence[Span]], None] = lambda words: None,
    ) -> None:
        """Get ready.

        Args:
            clauses: what to say; each is spoken as soon as it is there.
            voice: says it.
            session: is fed with the tokens.
            clock: when a live stream plays what.
            live: whether to keep time, and to go on while there is nothing to say.
            chunk_samples: how much audio comes at a time.
            on_words: is called with the words of a clause, on the stream's clock, once it is made.
        """
        self.asked = 0
        """When the first text came, in ns; 0 before."""
        self._clauses = clauses
        self._voice = voice
        self._session = session
        self._clock = clock
        self._live = live
        self._chunk = chunk_samples
        self._on_words = on_words
        self._made = Channel[Speech](_MADE)
        self._finished = False
        self._error: Exception | None = None
        self._early = np.zeros(0, np.int32)
        """Tokens whose audio has not come, after which there may still be silence."""
        self._audio: deque[Samples] = deque()
        self._position = 0
        """First sample that has not been played."""
        self._end = 0
        """First sample of which nothing is known."""
        self._began: int | None = None
        self._turn = 0
        self._idle = False
        self._tasks = asyncio.TaskGroup()
        self._making: asyncio.Task[None] | None = None
        self._piece: asyncio.Future[Speech | None] | None = None
        """What the voice is asked for."""
        self._played: AsyncGenerator[AudioChunk, None] | None = None

    @property
    def turns(self) -> int:
        """How many turns there have been."""
        return self._turn + (self._end > 0)

    def due(self, sample: int) -> int:
        """Return when a sample is to be played, in ns of the clock; only once the stream began."""
        assert self._began is not None, "nothing has been said yet"
        return self._began + sample * SECOND // self._voice.sample_rate

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._making = self._tasks.create_task(self._make(), name="speak")
        self._played = self._play()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._making is not None
        self._making.cancel()
        await self._silence()
        if self._played is not None:
            await self._played.aclose()
        await self._tasks.__aexit__(None, None, None)

    def __aiter__(self) -> AsyncIterator[AudioChunk]:
        if self._played is None:
            raise ValueError("enter the source with `async with` first")
        return self._played

    async def _make(self) -> None:
        """Have each clause spoken, as far ahead as the channel allows."""
        try:
            async for clause in self._clauses:
                self.asked = self.asked or self._clock.now()
                pieces = self._voice.speak(clause)
                while (speech := await self._next(pieces)) is not None:
                    await self._made.send(speech)
        except Exception as error:
            self._error = error
        finally:
            self._finished = True
            self._made.close()

    async def _next(self, pieces: Iterator[Speech]) -> Speech | None:
        """Have the next piece of a clause spoken; the voice goes on if this is cancelled."""
        self._piece = call_in_daemon(lambda: next(pieces, None), "speak")
        return await asyncio.shield(self._piece)

    async def _silence(self) -> None:
        """Have the voice stop if it can be told, and leave it alone if it does not."""
        piece = self._piece
        if piece is None or piece.done():
            return
        if isinstance(self._voice, CancellableVoice):
            self._voice.cancel()
        await asyncio.wait([piece], timeout=_LAST_PIECE_S)
        # Nobody shall hear of what it fails with now.
        piece.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    async def _play(self) -> AsyncGenerator[AudioChunk, None]:
        while await self._supply():
            if self._began is None:
                self._began = self._clock.now() + _HEAD_START
                yield AudioChunk(np.zeros(0, np.float32), 0, self._voice.sample_rate)
            if self._live:
                await self._clock.sleep_until(self.due(self._position))
            samples = self._take(min(self._chunk, self._end - self._position))
            chunk = AudioChunk(samples, self._position, self._voice.sample_rate)
            self._position = chunk.end
            yield chunk

    async def _supply(self) -> bool:
        """Get speech, or silence where a live stream runs out of it; return whether there is any.

        Raises:
            Exception: whatever the voice or the text raised, once all is played that was made.
        """
        needed = self._chunk + self._session.horizon
        spare = self._voice.sample_rate if self._began is not None else 0
        while self._end - self._position < needed + spare:
            if self._live and self._end and not len(self._made) and not self._finished:
                if self._end - self._position < needed:
                    self._append_silence()
                break
            try:
                self._append(await self._made.receive())
            except ChannelClosed:
                self._session.finish()
                break
        if self._end == self._position and self._error is not None:
            raise self._error
        return self._end > self._position

    def _append(self, speech: Speech) -> None:
        if self._idle:
            self._turn += 1
            self._idle = False
        speech = self._in_step(speech)
        words = [
            replace(word, start=word.start + self._end, end=word.end + self._end)
            for word in speech.words
        ]
        self._feed(speech)
        self._on_words(words)

    def _in_step(self, speech: Speech) -> Speech:
        """Return speech with the tokens of its own audio; those of later audio wait for it."""
        tokens = np.concatenate((self._early, speech.tokens))
        count = self._voice.space.token(len(speech.samples), self._voice.sample_rate)
        self._early = tokens[count:]
        return replace(speech, tokens=tokens[:count])

    def _append_silence(self) -> None:
        """Go on with as many silent tokens as a chunk needs at least."""
        space, rate = self._voice.space, self._voice.sample_rate
        count = space.token(self._chunk - 1, rate) + 1
        tokens = np.full(count, self._voice.silence, np.int32)
        self._idle = True
        self._feed(Speech(np.zeros(space.sample(count, rate), np.float32), tokens))

    def _feed(self, speech: Speech) -> None:
        space, rate = self._voice.space, self._voice.sample_rate
        self._session.feed(TokenChunk(speech.tokens, space, self._end, 0, rate, self._turn))
        self._audio.append(speech.samples)
        self._end += len(speech.samples)

    def _take(self, count: int) -> Samples:
        """Remove the next samples from what was made, [count]."""
        taken: list[Samples] = []
        while count:
            samples = self._audio.popleft()
            if len(samples) > count:
                self._audio.appendleft(samples[count:])
                samples = samples[:count]
            taken.append(samples)
            count -= len(samples)
        return taken[0] if len(taken) == 1 else np.concatenate(taken)
