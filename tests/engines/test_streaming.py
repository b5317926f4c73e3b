"""The contract of every engine on every back-end.

A new one is added to `ENGINES`, and is then either right or red. What needs a GPU is left out, in
one line, where there is none.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from facewire.clock import ManualClock
from facewire.errors import ConfigError
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.stream.engine import Engine, EngineSession
from facewire.stream.engines import load_engine as load
from facewire_engines.backends.choice import graph_loader, missing, parse_backend
from facewire_engines.backends.cuda_driver import driver_is_there
from facewire_engines.backends.parity import TOLERANCES
from facewire_engines.backends.torch.library import load_torch
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import load_embedded
from facewire_engines.recipe.batched import share_runs
from facewire_engines.recipe.engine import load_recipe

ON_GPU = [
    f"{form}@{backend}"
    for backend in ("onnx-cuda", "torch-cuda", "tensorrt", "tensorrt:fp16")
    for form in ("phones", "phones-batched")
]
ENGINES = [
    "phones",
    "phones-batched",
    "energy",
    "hubert",
    "recipe:features",
    "recipe:ids",
    "recipe:windowed",
    "recipe:prior",
    "recipe-batched:features",
    "recipe-batched:windowed",
    "recipe:features@torch",
    "recipe:ids@torch",
    "recipe:prior@torch",
    "phones@torch",
    "phones-batched@torch",
    *(ON_GPU if driver_is_there() else []),
]

ROUNDING = 1e-5
"""How far frames may differ where a stream ran in batches of another size: other products, rounded
otherwise."""


@pytest.fixture(scope="module", params=ENGINES)
def name(request: pytest.FixtureRequest) -> str:
    """Return the name of an engine on a back-end that this machine has."""
    engine, _, own = str(request.param).partition("@")
    backend = parse_backend(own or "onnx")
    if backend.name.startswith("torch"):
        pytest.importorskip("torch", reason="install torch: pip install -e '.[torch]'")
        load_torch().set_num_threads(1)  # as it is where torch was not used before
    if problem := missing(backend):
        pytest.skip(f"no back-end {backend}: {problem}")
    if engine.startswith("recipe"):
        form, _, rows = engine.partition(":")
        folder = request.getfixturevalue("recipe_folders")[rows]
        return f"{form}:{folder}" + (f"@{own}" if own else "")
    if engine == "hubert":
        return f"hubert:{request.getfixturevalue('hubert_folder')}"
    return str(request.param)


@pytest.fixture(scope="module")
def engine(name: str) -> Engine:
    form, _, own = name.partition("@")
    if form == "phones-batched":
        # On a clock that stands still nobody is late, so a slow machine refuses no session.
        model = load_embedded(graph_loader(parse_backend(own or "onnx")))
        return BatchedPhonesEngine(model, ManualClock(), capacity=16, gather_ns=0)
    kind, _, folder = form.partition(":")
    if kind == "recipe-batched":
        single = load_recipe(Path(folder), graph_loader(parse_backend(own or "onnx")))
        return share_runs(single, ManualClock(), capacity=16, gather_ns=0)
    return load(name)


@pytest.fixture(scope="module")
def reference(name: str) -> Engine:
    """Return the same model where it is right by definition: alone, in onnxruntime."""
    return load(name.partition("@")[0].replace("-batched", "", 1))


@pytest.fixture(scope="module")
def tolerance(name: str) -> float:
    return TOLERANCES[parse_backend(name.partition("@")[2] or "onnx").precision]


def test_the_back_ends_of_gpus_are_held_to_it() -> None:
    if not driver_is_there():
        pytest.skip(f"no NVIDIA driver: {len(ON_GPU)} engines on a GPU were left out")
    assert set(ON_GPU) < set(ENGINES)


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


def push_together(
    engine: Engine, pushes: Sequence[tuple[EngineSession, AudioChunk]]
) -> list[list[BlendshapeFrame]]:
    """Push to several sessions, in one run where the engine can."""
    push_all = getattr(engine, "push_all", None)
    if push_all is None:
        return [session.push(chunk) for session, chunk in pushes]
    found = []
    for answer in push_all(pushes):
        assert not isinstance(answer, Exception), answer
        found.append(answer)
    return found


def weights_of(frames: Sequence[BlendshapeFrame]) -> np.ndarray:
    return np.stack([frame.weights for frame in frames])


@pytest.mark.parametrize("sizes", [(1,), (7,), (160,), (1000,), (160_000,), (1, 5000, 33, 479)])
def test_chunking_does_not_change_the_frames(
    engine: Engine, speech: Samples, sizes: tuple[int, ...]
) -> None:
    clip = speech[: 8_000 if sizes == (1,) else 32_000]
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
    before = frames_of(session, speech[:48_000])
    changed = speech[:48_000].copy()
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
    clip = speech[:25_001]
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


def test_a_stream_that_was_closed_gives_no_more_and_takes_no_more(
    engine: Engine, speech: Samples
) -> None:
    session = engine.session()
    assert session.push(AudioChunk(speech[:16_000], 0, 16_000))
    session.close()
    session.close()
    assert session.flush() == []
    with pytest.raises(ValueError, match="ended"):
        session.push(AudioChunk(speech[16_000:32_000], 16_000, 16_000))
    ended = engine.session()
    assert frames_of(ended, speech[:1_600])
    assert ended.flush() == []
    ended.close()


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


def test_every_back_end_gives_the_same_frames(
    engine: Engine, reference: Engine, tolerance: float, speech: Samples
) -> None:
    clip = speech[16_000:64_000]
    found, expected = frames_of(engine.session(), clip), frames_of(reference.session(), clip)
    assert [frame.timestamp for frame in found] == [frame.timestamp for frame in expected]
    np.testing.assert_allclose(weights_of(found), weights_of(expected), atol=tolerance)
    spoken = [frame.speech for frame in expected]
    np.testing.assert_allclose([frame.speech for frame in found], spoken, atol=tolerance)


def test_a_batch_of_many_is_as_many_singles(engine: Engine, speech: Samples) -> None:
    clips = [np.roll(speech, 9_000 * number)[:16_000] for number in range(5)]
    expected = [frames_of(engine.session(), clip) for clip in clips]
    sessions = [engine.session() for _ in clips]
    found: list[list[BlendshapeFrame]] = [[] for _ in clips]
    for pushes in zip(*(chunks(clip, (333,)) for clip in clips), strict=True):
        answers = push_together(engine, list(zip(sessions, pushes, strict=True)))
        for frames, new in zip(found, answers, strict=True):
            frames.extend(new)
    for frames, session, wanted in zip(found, sessions, expected, strict=True):
        frames.extend(session.flush())
        np.testing.assert_allclose(weights_of(frames), weights_of(wanted), atol=ROUNDING)


def test_streams_join_and_leave_and_begin_anew_in_the_middle(
    engine: Engine, speech: Samples
) -> None:
    steady, visitor = speech[:16_000], speech[40_000:44_000]
    alone, visit = frames_of(engine.session(), steady), frames_of(engine.session(), visitor)
    session = engine.session()
    found: list[BlendshapeFrame] = []
    for number, chunk in enumerate(chunks(steady, (480,))):
        if number % 8 == 4:  # a place that was used before is as good as new
            np.testing.assert_allclose(
                weights_of(frames_of(engine.session(), visitor, (480,))),
                weights_of(visit),
                atol=ROUNDING,
            )
        found += push_together(engine, [(session, chunk)])[0]
    found += session.flush()
    np.testing.assert_allclose(weights_of(found), weights_of(alone), atol=ROUNDING)


def test_a_long_stream_neither_drifts_nor_loses_a_frame(engine: Engine, speech: Samples) -> None:
    seconds = 20
    session = engine.session(frame_rate=Fraction(10))
    frames = frames_of(session, np.resize(speech, seconds * 16_000), (16_000,))
    assert [frame.index for frame in frames] == list(range(10 * seconds))
    assert [frame.timestamp for frame in frames] == [1_600 * n for n in range(10 * seconds)]
    again = np.argwhere(np.arange(10 * seconds) * 1_600 >= len(speech) + 16_000).ravel()
    assert weights_of(frames)[again].std(axis=0).max() > 0.02
