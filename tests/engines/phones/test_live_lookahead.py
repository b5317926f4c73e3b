"""The look-ahead of a stream, turned while it runs."""

import numpy as np
import pytest
import soundfile

from facewire.clock import ManualClock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.stream.engine import Engine, TunableSession
from facewire_cli.demo import demo_clip
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import load_embedded

ROUNDING = 1e-5
"""Another look-ahead groups hops otherwise, whose products then round otherwise."""
HALF = 16_000


@pytest.fixture(scope="module", params=["energy", "phones", "phones-batched"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "energy":
        return EnergyEngine()
    model = load_embedded()
    if request.param == "phones":
        return model
    return BatchedPhonesEngine(model, ManualClock(), capacity=4)


@pytest.fixture(scope="module")
def speech() -> Samples:
    samples, _ = soundfile.read(demo_clip(), dtype="float32", stop=2 * HALF)
    return np.asarray(samples, np.float32)


def turned(
    engine: Engine, speech: Samples, before_ms: float, after_ms: float, chunk: int = 160
) -> tuple[list[BlendshapeFrame], list[int], int]:
    """Return the frames, the samples that had been pushed when each came, and the frame told."""
    session = engine.session(lookahead_ms=before_ms)
    assert isinstance(session, TunableSession)
    frames: list[BlendshapeFrame] = []
    came: list[int] = []
    holds = 0
    for start in range(0, len(speech), chunk):
        if start == HALF:
            holds = session.set_lookahead(after_ms)
            assert session.spec.lookahead_ms == after_ms
        made = session.push(AudioChunk(speech[start : start + chunk], start, 16_000))
        frames += made
        came += [start + chunk] * len(made)
    made = session.flush()
    return frames + made, came + [len(speech)] * len(made), holds


def weights(frames: list[BlendshapeFrame]) -> np.ndarray:
    return np.stack([frame.weights for frame in frames])


@pytest.mark.parametrize(("before_ms", "after_ms"), [(80, 0), (0, 80), (120, 40), (40, 160)])
def test_frames_stay_consecutive_and_the_new_look_ahead_holds_from_the_frame_told(
    engine: Engine, speech: Samples, before_ms: float, after_ms: float
) -> None:
    frames, came, holds = turned(engine, speech, before_ms, after_ms)
    assert [frame.index for frame in frames] == list(range(120))
    plain_before, _, _ = turned(engine, speech, before_ms, before_ms)
    plain_after, _, _ = turned(engine, speech, after_ms, after_ms)
    first = next(i for i, sample in enumerate(came) if sample > HALF)
    assert first <= holds <= first + (before_ms - after_ms) * 60 / 1000 + 1 or holds == first
    np.testing.assert_array_equal(weights(frames[:first]), weights(plain_before[:first]))
    np.testing.assert_allclose(
        weights(frames[holds:]), weights(plain_after[holds:]), rtol=0, atol=ROUNDING
    )
    for frame, sample in zip(frames[holds:100], came[holds:100], strict=True):
        wait = sample - frame.timestamp
        assert wait <= after_ms * 16 + 320


@pytest.mark.parametrize(("before_ms", "after_ms"), [(80, 0), (0, 80)])
def test_how_audio_is_cut_changes_nothing(
    engine: Engine, speech: Samples, before_ms: float, after_ms: float
) -> None:
    short, _, told = turned(engine, speech, before_ms, after_ms)
    long, _, told_too = turned(engine, speech, before_ms, after_ms, chunk=1_600)
    assert told == told_too
    np.testing.assert_array_equal(weights(short), weights(long))


def test_frames_are_causal_to_the_look_ahead_in_force(engine: Engine, speech: Samples) -> None:
    frames, _, holds = turned(engine, speech, 80, 20)
    changed = speech.copy()
    changed[24_000:] = np.random.default_rng(0).uniform(-0.5, 0.5, len(speech) - 24_000)
    others, _, _ = turned(engine, changed, 80, 20)
    blind = [f.index for f in frames if f.index >= holds and f.timestamp + 320 <= 24_000]
    assert len(blind) > 20
    np.testing.assert_array_equal(weights(frames)[blind], weights(others)[blind])


def test_what_the_engine_cannot_do_changes_nothing(engine: Engine) -> None:
    session = engine.session(lookahead_ms=80)
    assert isinstance(session, TunableSession)
    for wanted in (-1, 5_000):
        with pytest.raises(ConfigError, match="look-ahead"):
            session.set_lookahead(wanted)
    assert session.spec.lookahead_ms == 80
