"""Rows that change hands while a step is under way: nobody begins with what another one left."""

import gc
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from tests.engines.driver_double import DriverDouble, PlanDouble

from facewire.clock import ManualClock
from facewire.errors import CapacityError
from facewire.frames import AudioChunk, BlendshapeFrame, Samples
from facewire.stream.engine import EngineSession
from facewire_engines.backends import cuda_driver
from facewire_engines.backends.choice import graph_loader, parse_backend
from facewire_engines.backends.graph import Array, Graph, GraphSpec, Indices, Streams
from facewire_engines.backends.tensorrt.graph import TensorrtGraph
from facewire_engines.hearing.batched_engine import sizes_up_to
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import PhonesEngine, load_embedded

RATE = 16_000
PATIENCE_S = 30


class Gate:
    """Stops a thread where it comes by, once, until it is let go."""

    def __init__(self) -> None:
        self._armed = False
        self._reached, self._open = threading.Event(), threading.Event()

    def arm(self) -> None:
        """Stop the next one."""
        self._armed = True

    def pass_by(self) -> None:
        """Wait here if it is armed."""
        if self._armed:
            self._armed = False
            self._reached.set()
            assert self._open.wait(PATIENCE_S)

    @contextmanager
    def holding(self, work: "Future[list[BlendshapeFrame]]") -> Iterator[None]:
        """Let the body happen while somebody stands here, then let go and wait for the work."""
        try:
            assert self._reached.wait(PATIENCE_S)
            yield
        finally:
            self._open.set()
            work.result(PATIENCE_S)


@dataclass(frozen=True, slots=True, eq=False)
class GatedStreams:
    """Real streams, whose step is held up between its run and what it leaves behind."""

    streams: Streams
    gate: Gate

    def reset(self, row: int) -> None:
        self.streams.reset(row)

    def step(self, rows: Indices, feeds: Mapping[str, Array]) -> list[Array]:
        return self.streams.step(rows, feeds)

    def finite(self, rows: Indices) -> np.ndarray:
        found = self.streams.finite(rows)
        self.gate.pass_by()
        return found


@dataclass(frozen=True, slots=True, eq=False)
class GatedGraph:
    """A real graph, whose streams are held up."""

    graph: Graph
    gate: Gate

    @property
    def backend(self) -> str:
        return self.graph.backend

    @property
    def spec(self) -> GraphSpec:
        return self.graph.spec

    def run(self, feeds: Mapping[str, Array]) -> list[Array]:
        return self.graph.run(feeds)

    def streams(self, capacity: int) -> Streams:
        return GatedStreams(self.graph.streams(capacity), self.gate)


@dataclass(frozen=True, slots=True, eq=False)
class Road:
    """The model on a back-end, and where its steps can be held up."""

    model: PhonesEngine
    gate: Gate
    driver: DriverDouble | None = None


@pytest.fixture(scope="module")
def drivers() -> Iterator[list[DriverDouble]]:
    """Let the last of these stand where NVIDIA's driver is, until nothing of a GPU is left."""
    found = [DriverDouble()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuda_driver, "_driver", lambda: found[-1])
        patch.setattr(cuda_driver, "_context", lambda: 1)
        yield found
        gc.collect()


@pytest.fixture(params=["onnx", "torch", "tensorrt"])
def road(request: pytest.FixtureRequest, drivers: list[DriverDouble]) -> Road:
    """Return each road of batches: two as they are, the GPU's with a double of its driver."""
    gate = Gate()
    if request.param == "tensorrt":
        driver = DriverDouble()
        drivers.append(driver)
        model = load_embedded(lambda file: TensorrtGraph(PlanDouble(file, driver, most_rows=64)))
        driver.on_wait = gate.pass_by
        return Road(model, gate, driver)
    if request.param == "torch":
        pytest.importorskip("torch", reason="install torch: pip install -e '.[torch]'")
    model = load_embedded(graph_loader(parse_backend(request.param)))
    return Road(replace(model, encoder=GatedGraph(model.encoder, gate)), gate)


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """A batched engine of two rows whose steps can be held up."""

    engine: BatchedPhonesEngine
    gate: Gate
    threads: ThreadPoolExecutor


@pytest.fixture
def bench(road: Road) -> Iterator[Bench]:
    engine = BatchedPhonesEngine(road.model, ManualClock(), capacity=2, gather_ns=0)
    engine.warm_up()
    with ThreadPoolExecutor(4) as threads:
        yield Bench(engine, road.gate, threads)


def frames_of(session: EngineSession, samples: Samples) -> list[BlendshapeFrame]:
    return session.push(AudioChunk(samples, 0, RATE)) + session.flush()


def weights_of(frames: list[BlendshapeFrame]) -> np.ndarray:
    return np.stack([frame.weights for frame in frames])


def chunk(samples: Samples) -> AudioChunk:
    return AudioChunk(samples, 0, RATE)


def rows_left(engine: BatchedPhonesEngine) -> set[int]:
    """Take all rows that are free, and return them."""
    sessions = []
    with suppress(CapacityError):
        while True:
            sessions.append(engine.session())
    assert len({session.row for session in sessions}) == len(sessions)
    return {session.row for session in sessions}


def in_thread(
    bench: Bench, work: Callable[[AudioChunk], list[BlendshapeFrame]], samples: Samples
) -> "Future[list[BlendshapeFrame]]":
    return bench.threads.submit(work, chunk(samples))


def test_a_stream_that_begins_while_another_is_stepped_begins_anew(
    bench: Bench, speech: Samples
) -> None:
    expected = weights_of(frames_of(bench.engine.session(), speech[48_000:56_000]))
    steady, former = bench.engine.session(), bench.engine.session()
    former.push(chunk(speech[:16_000]))
    former.close()
    bench.gate.arm()
    with bench.gate.holding(in_thread(bench, steady.push, speech[:8_000])):
        visitor = bench.engine.session()
    assert visitor.row == former.row
    found = weights_of(frames_of(visitor, speech[48_000:56_000]))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_row_that_is_let_go_in_the_middle_of_its_step_is_nobodys_until_the_step_is_over(
    bench: Bench, speech: Samples
) -> None:
    expected = weights_of(frames_of(bench.engine.session(), speech[48_000:56_000]))
    held, leaving = bench.engine.session(), bench.engine.session()
    bench.gate.arm()
    work = in_thread(bench, leaving.push, speech[:160_000])
    with bench.gate.holding(work):
        leaving.close()
        with pytest.raises(CapacityError):
            bench.engine.session()
    steps = bench.engine.report.steps
    assert work.result(PATIENCE_S) == []
    assert bench.engine.report.steps == steps, "a stream that was closed is stepped no more"
    visitor = bench.engine.session()
    assert visitor.row == leaving.row
    found = weights_of(frames_of(visitor, speech[48_000:56_000]))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    held.close()


def test_jobs_of_a_stream_that_left_are_passed_over(bench: Bench, speech: Samples) -> None:
    steady, leaving = bench.engine.session(), bench.engine.session()
    bench.gate.arm()
    with bench.gate.holding(in_thread(bench, steady.push, speech[:160])):
        waiting = in_thread(bench, leaving.push, speech[:160_000])
        while not bench.engine._batcher._queue:
            assert not waiting.done()
        leaving.close()
    assert waiting.result(PATIENCE_S) == []
    assert bench.engine.report.steps == 1
    steady.close()
    assert rows_left(bench.engine) == {0, 1}


def test_every_row_comes_back_whatever_its_stream_is_doing(bench: Bench, speech: Samples) -> None:
    def visit(number: int) -> None:
        try:
            session = bench.engine.session()
        except CapacityError:
            return
        if number % 3:
            session.push(chunk(speech[: 160 * (number % 7)]))
        if number % 2:
            session.flush()
        session.close()

    for done in [bench.threads.submit(visit, number) for number in range(200)]:
        done.result(PATIENCE_S)
    assert rows_left(bench.engine) == {0, 1}


@pytest.fixture
def driver(road: Road) -> DriverDouble:
    if road.driver is None:
        pytest.skip("only where there is a driver")
    return road.driver


@pytest.mark.parametrize(("capacity", "max_batch"), [(2, 64), (40, 64), (40, 40), (16, 3)])
def test_every_size_of_run_is_recorded_before_the_first_stream(
    road: Road, driver: DriverDouble, speech: Samples, capacity: int, max_batch: int
) -> None:
    clock = ManualClock()
    engine = BatchedPhonesEngine(
        road.model, clock, capacity=capacity, max_batch=max_batch, gather_ns=0
    )
    engine.warm_up()
    driver.calls.clear()
    for streams in (1, capacity // 2 + 1, capacity):
        sessions = [engine.session(frame_rate=Fraction(240)) for _ in range(streams)]
        for start in range(0, 1_600, 160):
            piece = AudioChunk(speech[start : start + 160], start, RATE)
            for answer in engine.push_all([(session, piece) for session in sessions]):
                assert not isinstance(answer, Exception), answer
        for session in sessions:
            session.flush()
    names = {name for _, name in driver.calls}
    assert "cuGraphLaunch" in names
    assert "cuStreamBeginCapture" not in names
    assert "cuMemAlloc" not in names


def test_opening_and_closing_touch_no_device_and_no_recording_catches_a_reset(
    bench: Bench, driver: DriverDouble, speech: Samples
) -> None:
    assert not [name for _, name in driver.calls if name == "in recording: cuMemsetD8Async"]
    driver.calls.clear()
    sessions = [bench.engine.session() for _ in range(2)]
    sessions[0].close()
    sessions[0] = bench.engine.session()
    assert driver.calls == []
    works = [in_thread(bench, session.push, speech[:1_600]) for session in sessions]
    for work in works:
        work.result(PATIENCE_S)
    here = threading.get_ident()
    assert "cuMemsetD8Async" in {name for _, name in driver.calls}
    assert here not in {thread for thread, _ in driver.calls}


def test_sizes_stand_for_all_below_them() -> None:
    assert sizes_up_to(1) == [1]
    assert sizes_up_to(40) == [1, 2, 4, 8, 16, 32, 40]
    assert sizes_up_to(64) == [1, 2, 4, 8, 16, 32, 64]
