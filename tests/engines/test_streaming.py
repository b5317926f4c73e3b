"""The contract of every engine. A new one is added to `params` and is then either right or red."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle

import numpy as np
import pytest

from facewire.clock import ManualClock
from facewire.engine import Engine, EngineSession
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire_engines.registry import load


@pytest.fixture(scope="module", params=["phones", "phones-batched", "energy"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return load(request.param)


def chunks(samples: Samples, sizes: Sequence[int]) -> Iterator[AudioChunk]:
    start = 0
    for size in cycle(sizes):
        if start >= len(samples):
            return
        yield AudioChunk(samples[start : start + size], start, 16_000)
        start += size


def frames_of(
    session: EngineSession, samples: Samples, sizes: Sequence[int] = (160,)
) -> list[BlendshapeFrame]:
    frames = [frame for chunk in chunks(samples, sizes) for frame in session.push(chunk)]
    return frames + session.flush()


def weights_of(frames: Sequence[BlendshapeFrame]) -> np.ndarray:
    return np.stack([frame.weights for frame in frames])


@pytest.mark.parametrize("sizes", [(1,), (7,), (160,), (1000,), (160_000,), (1, 5000, 33, 479)])
def test_chunking_does_not_change_the_frames(
    engine: Engine, speech: Samples, sizes: tuple[int, ...]
) -> None:
    clip = speech[: 16_000 if sizes == (1,) else 64_000]
    whole = frames_of(engine.session(), clip, (len(clip),))
    pieces = frames_of(engine.session(), clip, sizes)
    assert [frame.timestamp for frame in pieces] == [frame.timestamp for frame in whole]
    np.testing.assert_allclose(weights_of(pieces), weights_of(whole), atol=1e-6)


@pytest.mark.parametrize("lookahead_ms", [0, 40, 80, 160])
def test_frames_do_not_depend_on_audio_past_the_lookahead(
    engine: Engine, speech: Samples, lookahead_ms: float
) -> None:
    session = engine.session(lookahead_ms=lookahead_ms)
    lookahead = session.spec.lookahead
    cut = 32_000
    before = frames_of(session, speech[:64_000])
    changed = speech[:64_000].copy()
    changed[cut:] = np.random.default_rng(0).uniform(-0.5, 0.5, len(changed) - cut)
    after = frames_of(engine.session(lookahead_ms=lookahead_ms), changed)
    blind = [frame.timestamp + lookahead <= cut for frame in before]
    assert sum(blind) > 100
    same = np.array(blind)
    np.testing.assert_array_equal(weights_of(before)[same], weights_of(after)[same])
    assert not np.allclose(weights_of(before)[~same], weights_of(after)[~same], atol=1e-3)


@pytest.mark.parametrize("lookahead_ms", [0, 40, 80, 160])
def test_a_frame_leaves_as_soon_as_its_lookahead_has_been_heard(
    engine: Engine, speech: Samples, lookahead_ms: float
) -> None:
    session = engine.session(lookahead_ms=lookahead_ms)
    for chunk in chunks(speech[:32_000], (160,)):
        for frame in session.push(chunk):
            assert chunk.end - frame.timestamp <= session.spec.lookahead + engine.hop


def test_sessions_are_independent(engine: Engine, speech: Samples) -> None:
    first, second = speech[:48_000], speech[48_000:96_000][::-1].copy()
    alone = [frames_of(engine.session(), first), frames_of(engine.session(), second)]
    sessions = engine.session(), engine.session()
    together: tuple[list[BlendshapeFrame], list[BlendshapeFrame]] = ([], [])
    for one, other in zip(chunks(first, (333,)), chunks(second, (333,)), strict=True):
        together[0].extend(sessions[0].push(one))
        together[1].extend(sessions[1].push(other))
    for session, frames, expected in zip(sessions, together, alone, strict=True):
        frames.extend(session.flush())
        np.testing.assert_array_equal(weights_of(frames), weights_of(expected))


@pytest.mark.parametrize("rate", ["24", "30", "60", "30000/1001", "60000/1001", "100", "7/3"])
def test_every_frame_rate_gives_a_frame_for_every_interval(
    engine: Engine, speech: Samples, rate: str
) -> None:
    clip = speech[:50_001]
    session = engine.session(frame_rate=Fraction(rate))
    frames = frames_of(session, clip)
    assert len(frames) == session.spec.frame_count(len(clip))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert [f.timestamp for f in frames] == [session.spec.timestamp(f.index) for f in frames]


def test_frame_rates_agree_where_their_frames_coincide(engine: Engine, speech: Samples) -> None:
    slow = frames_of(engine.session(frame_rate=Fraction(30)), speech[:48_000])
    fast = frames_of(engine.session(frame_rate=Fraction(60)), speech[:48_000])
    np.testing.assert_allclose(weights_of(slow), weights_of(fast[::2]), atol=1e-6)


def test_weights_are_in_range_and_the_mouth_moves(engine: Engine, speech: Samples) -> None:
    weights = weights_of(frames_of(engine.session(), speech))
    assert weights.dtype == np.float32
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert weights.std(axis=0).max() > 0.05


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 161])
def test_very_short_streams_end_in_order(engine: Engine, samples: int) -> None:
    for lookahead_ms in (0, 80):
        session = engine.session(lookahead_ms=lookahead_ms)
        frames = frames_of(session, np.zeros(samples, np.float32))
        assert len(frames) == session.spec.frame_count(samples)


def test_a_gap_is_refused(engine: Engine) -> None:
    session = engine.session()
    session.push(AudioChunk(np.zeros(100, np.float32), 0, 16_000))
    with pytest.raises(ValueError, match="100"):
        session.push(AudioChunk(np.zeros(100, np.float32), 101, 16_000))


def test_another_rate_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="48000"):
        engine.session().push(AudioChunk(np.zeros(100, np.float32), 0, 48_000))


def test_an_impossible_lookahead_is_the_users_mistake(engine: Engine) -> None:
    with pytest.raises(ConfigError, match="look-ahead"):
        engine.session(lookahead_ms=100_000)


def test_stamps_come_in_order_from_the_clock(engine: Engine, speech: Samples) -> None:
    clock = ManualClock(now=1_000)
    session = engine.session(clock=clock)
    chunk = AudioChunk(speech[:8_000], 0, 16_000, captured=500)
    for frame in session.push(chunk):
        stamps = frame.stamps
        assert stamps.captured == 500
        assert stamps.decoded == 1_000
        assert stamps.started <= stamps.encoded <= stamps.decoded
