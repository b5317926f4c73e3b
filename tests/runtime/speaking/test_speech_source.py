"""Speech as a stream: no gap at seams, faces ahead of their audio, silence in between."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from fractions import Fraction

import numpy as np
import pytest

from facewire.clock import SECOND, ManualClock
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.speaking.lead_meter import LeadMeter
from facewire.speaking.speech_session import SpeechSession
from facewire.speaking.speech_source import SpeechSource
from facewire.speaking.typed_text import clauses_from
from facewire.speaking.voice import Span, Speech
from facewire.tokens import TokenChunk, TokenSpace

SPACE = TokenSpace("letters", Fraction(100), 30)
RATE = 16_000


class SpellingVoice:
    """A voice that takes 50 ms for each letter, each of its own loudness."""

    sample_rate = RATE
    space = SPACE
    silence = 0

    def speak(self, text: str) -> Iterator[Speech]:
        for word in text.split():
            if word == "stumble":
                raise OSError("the voice is hoarse")
            ids = np.repeat([ord(letter) - 96 for letter in word], 5).astype(np.int32)
            samples = np.repeat(ids / 100, 160).astype(np.float32)
            yield Speech(samples, ids, (Span(word, 0, len(samples)),))


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


async def texts(*clauses: str) -> AsyncIterator[str]:
    for clause in clauses:
        yield clause


class Stream:
    """A source and its session, read by hand."""

    def __init__(self, clauses: AsyncIterator[str], *, live: bool, lead: int = 0) -> None:
        self.clock = ManualClock(now=5 * SECOND)
        self.session = SpeechSession(LoudnessSession(), lead)
        self.words: list[Span] = []
        self.source = SpeechSource(
            clauses, SpellingVoice(), self.session, self.clock, live=live,
            on_words=self.words.extend,
        )  # fmt: skip
        self.chunks: list[AudioChunk] = []
        self.frames: list[BlendshapeFrame] = []
        self.came: list[int] = []

    async def read(self) -> None:
        async with self.source:
            async for chunk in self.source:
                self.chunks.append(chunk)
                frames = self.session.push(chunk)
                self.frames += frames
                self.came += [self.clock.now()] * len(frames)
            self.frames += self.session.flush()

    @property
    def samples(self) -> np.ndarray:
        return np.concatenate([chunk.samples for chunk in self.chunks])


async def advance(clock: ManualClock, ms: int) -> None:
    # The voice speaks in a thread, which gets time to do so before the clock moves.
    await asyncio.sleep(0.1)
    for _ in range(ms // 5):
        clock.advance(SECOND // 200)
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.sleep(0.001)


async def test_clauses_follow_each_other_without_a_gap() -> None:
    stream = Stream(texts("abc de", "fg"), live=False)
    await stream.read()
    whole = np.concatenate([s.samples for s in SpellingVoice().speak("abc de fg")])
    np.testing.assert_array_equal(stream.samples, whole)
    starts = [chunk.start for chunk in stream.chunks]
    assert starts == [0, *(chunk.end for chunk in stream.chunks[:-1])]
    assert [(word.label, word.start) for word in stream.words] == [
        ("abc", 0), ("de", 2_400), ("fg", 4_000)
    ]  # fmt: skip
    assert len(stream.frames) == stream.session.spec.frame_count(len(whole))
    for frame in stream.frames:
        assert frame.weights[0] == pytest.approx(whole[frame.timestamp])
        assert frame.turn == 0
    assert stream.source.turns == 1


@pytest.mark.parametrize("lead", [0, 1_600])
async def test_live_faces_come_before_their_audio_is_due(lead: int) -> None:
    stream = Stream(texts("abcdefgh", "ij"), live=True, lead=lead)
    reading = asyncio.ensure_future(stream.read())
    await advance(stream.clock, 900)
    assert reading.done()
    await reading
    assert len(stream.samples) == 10 * 800
    assert len(stream.frames) == 30
    for frame, came in zip(stream.frames, stream.came, strict=True):
        ahead = (stream.source.due(frame.timestamp) - came) * RATE // SECOND
        assert ahead >= 0
        if frame.timestamp >= lead:
            assert ahead >= lead
    for chunk in stream.chunks:
        assert stream.source.due(chunk.start) <= stream.clock.now()


async def test_a_live_stream_goes_on_in_silence_and_speaks_again() -> None:
    gate = asyncio.Event()

    async def hesitating() -> AsyncIterator[str]:
        yield "ab"
        await gate.wait()
        yield "cd"

    stream = Stream(hesitating(), live=True)
    reading = asyncio.ensure_future(stream.read())
    await advance(stream.clock, 600)
    assert len(stream.samples) > 500 * 16
    assert not reading.done()
    gate.set()
    await advance(stream.clock, 500)
    assert reading.done()
    await reading
    spoken = np.flatnonzero(stream.samples)
    gaps = np.flatnonzero(np.diff(spoken) > 1)
    assert len(gaps) == 1
    assert len(spoken) == 4 * 800
    assert stream.source.turns == 2
    for frame in stream.frames:
        assert frame.weights[0] == pytest.approx(stream.samples[frame.timestamp])
        assert frame.turn == (frame.timestamp > spoken[gaps[0]] and frame.weights[0] > 0)
    resumed = stream.source.due(int(spoken[gaps[0] + 1])) - 5 * SECOND
    assert resumed < (600 + 200) * SECOND // 1000


async def test_what_the_voice_said_before_it_failed_is_played() -> None:
    stream = Stream(texts("abc", "stumble"), live=False)
    with pytest.raises(OSError, match="hoarse"):
        await stream.read()
    assert len(stream.samples) == 3 * 800


async def test_nothing_to_say_ends_at_once() -> None:
    for live in (False, True):
        stream = Stream(texts(), live=live)
        await stream.read()
        assert stream.chunks == []
        assert stream.source.turns == 0


async def test_leaving_early_leaves_nothing_running() -> None:
    stream = Stream(texts(*["abc"] * 1_000), live=True)
    async with stream.source:
        async for _ in stream.source:
            break
    assert len(asyncio.all_tasks()) == 1


async def test_the_lead_is_measured_where_faces_leave() -> None:
    clock = ManualClock(now=1_000_000)
    meter = LeadMeter(lambda sample: sample * SECOND // RATE, clock)
    for index, timestamp in enumerate((160, 320, 480)):
        await meter.send(BlendshapeFrame(np.zeros(52, np.float32), index, timestamp))
    assert (meter.first, meter.least_ms(), meter.median_ms()) == (1_000_000, 9, 19)


async def test_text_comes_clause_by_clause_and_a_pause_ends_one() -> None:
    reader, writer = os.pipe()
    clauses = clauses_from(reader, pause_s=0.05)
    os.write(writer, "Grüß ".encode()[:3])
    os.write(writer, "Grüß ".encode()[3:] + b"Gott, mein")
    assert await anext(clauses) == "Grüß Gott,"
    assert await anext(clauses) == "mein"
    os.write(writer, b"Freund. Und \xff")
    assert await anext(clauses) == "Freund."
    os.close(writer)
    assert await anext(clauses) == "Und \ufffd"
    with pytest.raises(StopAsyncIteration):
        await anext(clauses)
    os.close(reader)


@pytest.mark.parametrize("kind", [PatientVoice, HangingVoice])
async def test_a_voice_that_hangs_is_cancelled_or_left_alone(kind: type[HangingVoice]) -> None:
    voice = kind()
    session = SpeechSession(LoudnessSession())
    source = SpeechSource(texts("hello"), voice, session, ManualClock(), live=True)

    async def read() -> None:
        async with source:
            async for _ in source:
                pass

    reading = asyncio.create_task(read())
    try:
        assert await asyncio.to_thread(voice.asked.wait, 30)
        reading.cancel()
        done, _ = await asyncio.wait([reading], timeout=30)
        assert done
        assert reading.cancelled()
        assert voice.end.is_set() is isinstance(voice, PatientVoice)
        speaking = [thread for thread in threading.enumerate() if thread.name == "speak"]
        assert all(thread.daemon for thread in speaking)
    finally:
        voice.end.set()
