"""Many streams in one run are what they are alone: joining, leaving, failing, being refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from facewire.clock import SECOND, ManualClock, SystemClock
from facewire.errors import CapacityError, EngineError
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.stream.engine import EngineSession
from facewire_engines.backends.graph import Array
from facewire_engines.backends.host_streams import HostStreams
from facewire_engines.hearing.batched_session import BatchedSession
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.phones.geometry import HOP
from facewire_engines.phones.rows import PhonesRows

RATE = 16_000
TOLERANCE = 1e-5
"""Products round differently in runs of another size; processors differ in how much."""


@pytest.fixture(scope="module")
def single() -> PhonesEngine:
    return load_embedded()


@pytest.fixture
def engine(single: PhonesEngine) -> BatchedPhonesEngine:
    return BatchedPhonesEngine(single, SystemClock(), capacity=16, gather_ns=0)


def hidden_of(rows: PhonesRows) -> Array:
    """Return what the recurrent layers remember, `[2, capacity, 256]`, to spoil it."""
    streams = rows._encoder
    assert isinstance(streams, HostStreams)
    return streams._pasts["past_hidden"]


def chunks(samples: Samples, size: int) -> Iterator[AudioChunk]:
    for start in range(0, len(samples), size):
        yield AudioChunk(samples[start : start + size], start, RATE)


def frames_of(session: EngineSession, samples: Samples, size: int = 160) -> list[BlendshapeFrame]:
    frames = [frame for chunk in chunks(samples, size) for frame in session.push(chunk)]
    return frames + session.flush()


def assert_same(found: list[BlendshapeFrame], expected: list[BlendshapeFrame]) -> None:
    assert [frame.timestamp for frame in found] == [frame.timestamp for frame in expected]
    np.testing.assert_allclose(
        np.stack([frame.weights for frame in found]),
        np.stack([frame.weights for frame in expected]),
        atol=TOLERANCE,
    )
    np.testing.assert_allclose(
        [frame.speech for frame in found], [frame.speech for frame in expected], atol=TOLERANCE
    )


def push_all(
    engine: BatchedPhonesEngine, pushes: list[tuple[BatchedSession, AudioChunk]]
) -> list[list[BlendshapeFrame]]:
    found = []
    for frames in engine.push_all(pushes):
        assert not isinstance(frames, Exception), frames
        found.append(frames)
    return found


def test_a_batch_of_many_is_as_many_singles(
    single: PhonesEngine, engine: BatchedPhonesEngine, speech: Samples
) -> None:
    kinds = [(Fraction(60), 80.0), (Fraction(30), 0.0), (Fraction(30_000, 1001), 160.0)]
    clips = [np.roll(speech, 7_000 * number)[:24_000] for number in range(9)]
    sessions = []
    expected = []
    for number, clip in enumerate(clips):
        rate, lookahead_ms = kinds[number % 3]
        sessions.append(engine.session(frame_rate=rate, lookahead_ms=lookahead_ms))
        expected.append(frames_of(single.session(frame_rate=rate, lookahead_ms=lookahead_ms), clip))
    found: list[list[BlendshapeFrame]] = [[] for _ in clips]
    for pushes in zip(*(chunks(clip, 333) for clip in clips), strict=True):
        for frames, new in zip(
            found, push_all(engine, list(zip(sessions, pushes, strict=True))), strict=True
        ):
            frames.extend(new)
    for frames, session, wanted in zip(found, sessions, expected, strict=True):
        assert_same(frames + session.flush(), wanted)
    assert engine.report.steps > 4 * engine.report.runs


def test_threads_that_push_at_the_same_time_do_not_disturb_each_other(
    single: PhonesEngine, engine: BatchedPhonesEngine, speech: Samples
) -> None:
    clips = [np.roll(speech, 5_000 * number)[: 8_000 + 500 * number] for number in range(12)]
    expected = [frames_of(single.session(), clip) for clip in clips]
    with ThreadPoolExecutor(12) as threads:
        futures = [
            threads.submit(frames_of, engine.session(), clip, 100 + 77 * number)
            for number, clip in enumerate(clips)
        ]
        for future, wanted in zip(futures, expected, strict=True):
            assert_same(future.result(60), wanted)


def test_streams_join_leave_and_begin_anew_without_disturbing_the_rest(
    single: PhonesEngine, speech: Samples
) -> None:
    # By a clock that stands still nobody is late, so that no busy machine keeps visitors out.
    engine = BatchedPhonesEngine(single, ManualClock(), capacity=16, gather_ns=0)
    steady, visitor = speech[:32_000], speech[40_000:48_000]
    expected, expected_visit = (frames_of(single.session(), clip) for clip in (steady, visitor))
    session = engine.session()
    visits: list[tuple[BatchedSession, Iterator[AudioChunk], list[BlendshapeFrame]]] = []
    found: list[BlendshapeFrame] = []
    for number, chunk in enumerate(chunks(steady, 160)):
        if number % 13 == 0:
            visits.append((engine.session(), chunks(visitor, 160), []))
        pushes = [(session, chunk)]
        present = []
        for visit in visits:
            if (own := next(visit[1], None)) is not None:
                pushes.append((visit[0], own))
                present.append(visit[2])
            else:
                visit[2].extend(visit[0].flush())
        answers = push_all(engine, pushes)
        for frames, new in zip([found, *present], answers, strict=True):
            frames.extend(new)
    assert_same(found + session.flush(), expected)
    done = [frames for visit, _, frames in visits if not visit.ready() and len(frames) >= 30]
    assert len(done) > 8
    for frames in done:
        assert_same(frames, expected_visit)


def test_a_row_whose_state_is_not_a_number_changes_no_bit_of_the_others(
    single: PhonesEngine, speech: Samples
) -> None:
    hops = speech[16_000 : 16_000 + 8 * 12 * HOP].reshape(12, 8, HOP)
    rows, others = np.arange(8), np.array([0, 1, 2, 4, 5, 6, 7])
    clean, dirty = PhonesRows(single, 8), PhonesRows(single, 8)
    for row in range(8):
        clean.reset(row)
        dirty.reset(row)
    for number, samples in enumerate(hops):
        if number == 3:
            hidden_of(dirty)[0, 3] = np.nan
        assert clean.encode(rows, samples).all()
        sound = dirty.encode(rows, samples)
        assert sound.tolist() == [row != 3 or number < 3 for row in range(8)]
        moments = np.full(8, max(0, number * HOP - 1_000))
        wanted, found = clean.decode(rows, moments), dirty.decode(rows, moments)
        np.testing.assert_array_equal(found[0][others], wanted[0][others])
        np.testing.assert_array_equal(found[1][others], wanted[1][others])


def test_samples_that_are_not_numbers_are_refused_at_the_door(
    single: PhonesEngine, engine: BatchedPhonesEngine, speech: Samples
) -> None:
    broken = np.zeros(160, np.float32)
    broken[7] = np.nan
    bad, good = engine.session(), engine.session()
    with pytest.raises(ValueError, match="not finite"):
        bad.push(AudioChunk(broken, 0, RATE))
    assert_same(frames_of(good, speech[:8_000]), frames_of(single.session(), speech[:8_000]))


def test_a_session_that_overflows_ends_alone(
    single: PhonesEngine, engine: BatchedPhonesEngine, speech: Samples
) -> None:
    bad, good = engine.session(), engine.session()
    own = list(chunks(speech[:32_000], 160))
    found: list[BlendshapeFrame] = []
    for chunk in own[:100]:
        frames, _ = push_all(engine, [(good, chunk), (bad, chunk)])
        found += frames
    hidden_of(engine._rows)[0, bad.row] = np.inf
    frames_or_error, error = engine.push_all([(good, own[100]), (bad, own[100])])
    assert not isinstance(frames_or_error, Exception)
    assert isinstance(error, EngineError)
    with pytest.raises(ValueError, match="ended"):
        bad.push(own[101])
    found += frames_or_error
    for chunk in own[101:]:
        found += good.push(chunk)
    assert_same(found + good.flush(), frames_of(single.session(), speech[:32_000]))


def test_one_session_too_many_is_refused_until_one_leaves(single: PhonesEngine) -> None:
    engine = BatchedPhonesEngine(single, ManualClock(), capacity=3)
    sessions = [engine.session() for _ in range(3)]
    with pytest.raises(CapacityError, match="all 3 sessions"):
        engine.session()
    sessions[0].flush()
    sessions[0] = engine.session()
    with pytest.raises(CapacityError):
        engine.session()
    sessions[0].close()
    sessions[0].close()
    sessions[0] = engine.session()
    with pytest.raises(CapacityError):
        engine.session()
    del sessions[1]
    engine.session()


def test_no_session_is_let_in_while_frames_are_late(single: PhonesEngine) -> None:
    class SlowClock(ManualClock):
        """Passes faster than the engine can work."""

        def now(self) -> int:
            self.advance(SECOND)
            return super().now()

    engine = BatchedPhonesEngine(single, SlowClock(), capacity=8, gather_ns=0)
    session = engine.session()
    for chunk in chunks(np.zeros(160 * 12, np.float32), 160):
        session.push(chunk)
    assert engine.report.late == 12
    with pytest.raises(CapacityError, match="late already"):
        engine.session()


def test_a_long_push_is_no_reason_to_let_others_wait(
    engine: BatchedPhonesEngine, speech: Samples
) -> None:
    bulk, live = engine.session(), engine.session()
    before = engine.report.runs
    frames = push_all(
        engine, [(bulk, AudioChunk(speech, 0, RATE)), (live, AudioChunk(speech[:1600], 0, RATE))]
    )
    assert engine.report.runs - before == len(speech) // HOP
    assert len(frames[0]) > len(frames[1]) > 0
