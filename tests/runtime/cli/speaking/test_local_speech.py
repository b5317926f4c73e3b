"""A text spoken on this machine: no gap at seams, faces ahead of their sound, silence between."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from fractions import Fraction
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pytest

from facewire.clock import MILLISECOND, SECOND, Clock, ManualClock
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.speaking.models import SpeechModels
from facewire.speaking.voice import Span, Speech
from facewire.stream.outputs import deliver_stream
from facewire.stream.threads import ServerThreads
from facewire.tokens import TokenChunk, TokenSpace
from facewire_cli.speaking.local_speech import LocalSpeech
from facewire_engines.energy.engine import EnergyEngine

SPACE = TokenSpace("letters", Fraction(100), 30)
RATE = 16_000
STEP_MS = 5
"""By which time goes on."""

P = ParamSpec("P")
T = TypeVar("T")


class LoudnessSession:
    """Tokens to faces whose first shape is the token, with a look-ahead of 100 ms."""

    def __init__(self) -> None:
        self.spec = StreamSpec(RATE, Fraction(60), RATE // 10)
        self._tokens: list[tuple[int, int]] = []
        self._frames = 0

    def push(self, chunk: TokenChunk) -> list[BlendshapeFrame]:
        assert chunk.start == 160 * len(self._tokens)
        self._tokens += [(int(token), chunk.turn) for token in chunk.tokens]
        return self._ready(160 * len(self._tokens) - self.spec.lookahead)

    def flush(self) -> list[BlendshapeFrame]:
        return self._ready(160 * len(self._tokens))

    def close(self) -> None:
        pass

    def _ready(self, end: int) -> list[BlendshapeFrame]:
        frames = []
        while (timestamp := self.spec.timestamp(self._frames)) < end:
            token, turn = self._tokens[timestamp // 160]
            weights = np.zeros(52, np.float32)
            weights[0] = token / 100
            frames.append(BlendshapeFrame(weights, self._frames, timestamp, turn))
            self._frames += 1
        return frames


class LoudnessDecoder:
    """Opens such sessions."""

    space = SPACE

    def session(
        self, *, frame_rate: Fraction, lookahead_ms: float, clock: Clock | None = None
    ) -> LoudnessSession:
        return LoudnessSession()


class SpellingVoice:
    """A voice that takes 50 ms for each letter, each of its own loudness."""

    sample_rate = RATE
    space = SPACE
    silence = 0
    decoder = LoudnessDecoder()

    def speak(self, text: str) -> Iterator[Speech]:
        for word in text.split():
            if word == "stumble":
                raise OSError("the voice is hoarse")
            ids = np.repeat([ord(letter) - 96 for letter in word], 5).astype(np.int32)
            samples = np.repeat(ids / 100, 160).astype(np.float32)
            yield Speech(samples, ids, (Span(word, 0, len(samples)),))


class HangingVoice(SpellingVoice):
    """A voice whose worker never answers; this one cannot be told to stop."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.end = threading.Event()

    def speak(self, text: str) -> Iterator[Speech]:
        self.asked.set()
        self.end.wait()
        yield from ()


class PatientVoice(HangingVoice):
    """A voice whose worker never answers, which can be told to stop."""

    def cancel(self) -> None:
        self.end.set()


class PlainFace:
    """A face that is what the engine says."""

    def apply(self, frame: BlendshapeFrame) -> BlendshapeFrame:
        return frame


class CountedThreads(ServerThreads):
    """Threads that can tell whether they have something to do."""

    under_way = 0

    async def compute(
        self, due: int | None, work: Callable[P, T], *args: P.args, **kw: P.kwargs
    ) -> T:
        return await self._counted(super().compute(due, work, *args, **kw))

    async def wait(self, work: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        return await self._counted(super().wait(work, *args, **kw))

    async def _counted(self, work: Coroutine[Any, Any, T]) -> T:
        self.under_way += 1
        try:
            return await work
        finally:
            self.under_way -= 1


async def texts(*clauses: str) -> AsyncIterator[str]:
    for clause in clauses:
        yield clause


class Listener:
    """A sink and listener that keeps everything, and when it came."""

    lossless = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.frames: list[BlendshapeFrame] = []
        self.came: list[int] = []
        self.chunks: list[AudioChunk] = []
        self.heard: list[int] = []

    async def open(self, spec: StreamSpec, engine: str) -> None:
        pass

    async def send(self, frame: BlendshapeFrame) -> None:
        self.frames.append(frame)
        self.came.append(self._clock.now())

    async def send_audio(self, chunk: AudioChunk) -> None:
        self.chunks.append(chunk)
        self.heard.append(self._clock.now())

    async def aclose(self) -> None:
        pass

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate([chunk.samples for chunk in self.chunks])


class Stream:
    """A text on its way to a listener, in made-up time."""

    def __init__(self, clauses: AsyncIterator[str], *, lead: int | None, voice: Any = None) -> None:
        self.clock = ManualClock(now=5 * SECOND)
        engine = EnergyEngine()
        self.threads = CountedThreads(engine, 1)
        self.words: list[Span] = []
        models = SpeechModels(engine, voice or SpellingVoice(), self.clock, frame_rate=Fraction(60))
        self.spec = models.spec
        self.speech = LocalSpeech(
            models, PlainFace(), self.clock, self.threads,
            lead_s=None if lead is None else lead / RATE, on_words=self.words.extend,
        )  # fmt: skip
        self.listener = Listener(self.clock)
        self.live = lead is not None
        self._clauses = clauses

    async def run(self) -> None:
        try:
            await deliver_stream(
                lambda outputs: self.speech.run(self._clauses, outputs), self.spec,
                [self.listener], engine_name="letters", clock=self.clock,
                listeners=[self.listener], live=self.live,
            )  # fmt: skip
        finally:
            self.threads.close()

    async def advance(self, ms: int) -> None:
        """Let so much time pass, in which threads take none."""
        await self._settle()
        for _ in range(ms // STEP_MS):
            self.clock.advance(STEP_MS * MILLISECOND)
            await self._settle()

    async def _settle(self) -> None:
        quiet = 0
        while quiet < 20:
            await asyncio.sleep(0.001 if self.threads.under_way else 0)
            quiet = 0 if self.threads.under_way else quiet + 1

    def due(self, sample: int) -> int:
        """Return when a sample is to be played: with the first face, 20 ms go by before."""
        return self.listener.came[0] + 20 * MILLISECOND + sample * SECOND // RATE


async def test_clauses_follow_each_other_without_a_gap() -> None:
    stream = Stream(texts("abc de", "fg"), lead=None)
    await stream.run()
    heard = stream.listener
    whole = np.concatenate([s.samples for s in SpellingVoice().speak("abc de fg")])
    np.testing.assert_array_equal(heard.samples, whole)
    starts = [chunk.start for chunk in heard.chunks]
    assert starts == [0, *(chunk.end for chunk in heard.chunks[:-1])]
    assert [(word.label, word.start) for word in stream.words] == [
        ("abc", 0), ("de", 2_400), ("fg", 4_000)
    ]  # fmt: skip
    assert len(heard.frames) == stream.spec.frame_count(len(whole))
    for frame in heard.frames:
        assert frame.weights[0] == pytest.approx(whole[frame.timestamp])
        assert frame.turn == 0
    assert stream.speech.turns == 1


@pytest.mark.parametrize("lead", [None, 1_600])
async def test_words_are_told_when_they_have_been_said(lead: int | None) -> None:
    stream = Stream(texts("abc de fg hij"), lead=lead)
    running = asyncio.ensure_future(stream.run())
    while not running.done():
        await stream.advance(20)
        heard = stream.listener.chunks[-1].end if stream.listener.chunks else 0
        assert all(word.end <= heard for word in stream.words)
    assert [word.label for word in stream.words] == ["abc", "de", "fg", "hij"]


async def slowly(gate: asyncio.Event) -> AsyncIterator[str]:
    yield "abc"
    await gate.wait()
    yield "defg"


async def test_who_takes_long_to_write_changes_no_files() -> None:
    gate = asyncio.Event()
    slow, quick = Stream(slowly(gate), lead=None), Stream(texts("abc", "defg"), lead=None)
    running = asyncio.ensure_future(slow.run())
    await slow.advance(60_000)
    gate.set()
    await running
    await quick.run()
    np.testing.assert_array_equal(slow.listener.samples, quick.listener.samples)
    for one, other in zip(slow.listener.frames, quick.listener.frames, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        assert (one.index, one.turn) == (other.index, other.turn)


@pytest.mark.parametrize("lead", [0, 1_600])
async def test_live_faces_come_before_their_audio_is_due(lead: int) -> None:
    stream = Stream(texts("abcdefgh", "ij"), lead=lead)
    running = asyncio.ensure_future(stream.run())
    await stream.advance(900)
    assert running.done()
    await running
    heard = stream.listener
    assert len(heard.samples) == 10 * 800
    assert len(heard.frames) == 30
    for frame, came in zip(heard.frames, heard.came, strict=True):
        ahead = (stream.due(frame.timestamp) - came) * RATE // SECOND
        assert ahead >= 0
        if frame.timestamp >= lead:
            assert ahead > lead - STEP_MS * RATE // 1000
    for chunk, came in zip(heard.chunks, heard.heard, strict=True):
        assert stream.due(chunk.start) <= came
    assert stream.speech.first == heard.came[0]
    leads = stream.speech.leads.found()
    assert leads is not None
    assert leads.first == 20
    assert max(20, lead / 16) - STEP_MS < leads.median <= max(20, lead / 16)


async def test_a_live_stream_goes_on_in_silence_and_speaks_again() -> None:
    gate = asyncio.Event()

    async def hesitating() -> AsyncIterator[str]:
        yield "ab"
        await gate.wait()
        yield "cd"

    stream = Stream(hesitating(), lead=0)
    running = asyncio.ensure_future(stream.run())
    await stream.advance(600)
    heard = stream.listener
    assert len(heard.samples) > 500 * 16
    assert not running.done()
    gate.set()
    await stream.advance(500)
    assert running.done()
    await running
    starts = [chunk.start for chunk in heard.chunks]
    assert starts == [0, *(chunk.end for chunk in heard.chunks[:-1])]
    assert [frame.index for frame in heard.frames] == list(range(len(heard.frames)))
    spoken = np.flatnonzero(heard.samples)
    gaps = np.flatnonzero(np.diff(spoken) > 1)
    assert len(gaps) == 1
    assert len(spoken) == 4 * 800
    assert stream.speech.turns == 2
    silent, again = (int(spoken[gaps[0] + more]) for more in (0, 1))
    for frame in heard.frames:
        assert frame.turn == (frame.timestamp >= again)
        eased = silent < frame.timestamp < silent + 2_200 or 0 <= frame.timestamp - again < 800
        if not eased:
            assert frame.weights[0] == pytest.approx(heard.samples[frame.timestamp])
    resumed = stream.due(again) - 5 * SECOND
    assert resumed < (600 + 200) * SECOND // 1000


async def test_a_clause_that_comes_in_time_follows_without_a_gap() -> None:
    gate = asyncio.Event()

    stream = Stream(slowly(gate), lead=1_600)
    running = asyncio.ensure_future(stream.run())
    await stream.advance(20)
    gate.set()
    await stream.advance(600)
    await running
    whole = np.concatenate([s.samples for s in SpellingVoice().speak("abc defg")])
    np.testing.assert_array_equal(stream.listener.samples, whole)
    for frame in stream.listener.frames:
        assert frame.weights[0] == pytest.approx(whole[frame.timestamp])
    assert stream.speech.turns == 1


async def test_what_the_voice_said_before_it_failed_is_played() -> None:
    stream = Stream(texts("abc", "stumble"), lead=None)
    with pytest.raises(OSError, match="hoarse"):
        await stream.run()
    assert len(stream.listener.samples) == 3 * 800


async def test_a_text_that_cannot_be_read_is_said_as_far_as_it_came() -> None:
    async def broken() -> AsyncIterator[str]:
        yield "abc"
        raise OSError("the pipe is broken")

    stream = Stream(broken(), lead=None)
    with pytest.raises(OSError, match="pipe"):
        await stream.run()
    assert len(stream.listener.samples) == 3 * 800


async def test_nothing_to_say_ends_at_once() -> None:
    for lead in (None, 0):
        stream = Stream(texts(), lead=lead)
        await stream.run()
        assert stream.listener.chunks == []
        assert stream.speech.turns == 0


async def test_leaving_early_leaves_nothing_running() -> None:
    stream = Stream(texts(*["abc"] * 1_000), lead=0)
    running = asyncio.ensure_future(stream.run())
    await stream.advance(100)
    assert stream.listener.chunks
    running.cancel()
    await asyncio.wait([running])
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("kind", [PatientVoice, HangingVoice])
async def test_a_voice_that_hangs_is_cancelled_or_left_alone(kind: type[HangingVoice]) -> None:
    voice = kind()
    stream = Stream(texts("hello"), lead=0, voice=voice)
    running = asyncio.create_task(stream.run())
    try:
        assert await asyncio.to_thread(voice.asked.wait, 30)
        running.cancel()
        done, _ = await asyncio.wait([running], timeout=30)
        assert done
        assert running.cancelled()
        assert voice.end.is_set() is isinstance(voice, PatientVoice)
        waiting = [thread for thread in threading.enumerate() if thread.name.startswith("wait")]
        assert all(thread.daemon for thread in waiting)
    finally:
        voice.end.set()
