"""A text spoken on this machine: no gap at seams, faces ahead of their sound, silence between."""

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
from tests.runtime.cli.speaking.spelling_voice import (
    RATE,
    HangingVoice,
    PatientVoice,
    SpellingVoice,
)
from tests.runtime.cli.speaking.spoken_text import STEP_MS, Stream, texts

from facewire.clock import SECOND


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
