"""Too little memory is one sentence: while loading, in a step, and for one session too many.

There is no GPU here: TensorRT's streams run on a double of NVIDIA's driver that refuses as the
driver does, and torch's error of a GPU is raised by hand. On the processor torch, onnxruntime and
numpy really are refused what they ask for.
"""

import gc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.engines.driver_double import DriverDouble, PlanDouble

from facewire.clock import ManualClock
from facewire.errors import CapacityError
from facewire.frames import AudioChunk, Samples
from facewire_engines.backends import cuda_driver
from facewire_engines.backends.automatic import choose
from facewire_engines.backends.cuda_driver import Gpu
from facewire_engines.backends.graph import Graph, GraphFile
from facewire_engines.backends.memory import GPU_FULL, MACHINE_FULL, OutOfMemoryError
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_engines.backends.tensorrt import loaded_plan
from facewire_engines.backends.tensorrt.graph import TensorrtGraph
from facewire_engines.backends.tensorrt.libraries import Library
from facewire_engines.backends.tensorrt.loaded_plan import LoadedPlan
from facewire_engines.hubert.engine import load_hubert
from facewire_engines.phones.batched import BatchedPhonesEngine
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.plan_building import model_folder

RATE = 16_000
TOO_MANY = 1 << 50
"""Streams: no machine has memory for so many."""


@pytest.fixture
def driver() -> Iterator[DriverDouble]:
    """Let a double stand where NVIDIA's driver is, until nothing of a GPU is left."""
    double = DriverDouble()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuda_driver, "_driver", lambda: double)
        patch.setattr(cuda_driver, "_context", lambda: 1)
        yield double
        gc.collect()


def on(driver: DriverDouble) -> PhonesEngine:
    """Load the embedded model on plans for the double."""
    return load_embedded(lambda file: TensorrtGraph(PlanDouble(file, driver, most_rows=64)))


def batched(model: PhonesEngine, capacity: int) -> BatchedPhonesEngine:
    return BatchedPhonesEngine(model, ManualClock(), capacity=capacity, gather_ns=0)


def test_an_engine_that_does_not_fit_is_refused_and_gives_back_what_it_took(
    driver: DriverDouble,
) -> None:
    model = on(driver)
    gc.collect()
    before = driver.taken
    driver.memory = before + (1 << 20)
    with pytest.raises(OutOfMemoryError) as error:
        batched(model, 1024)
    assert str(error.value) == GPU_FULL
    del error
    gc.collect()
    assert driver.taken == before
    batched(model, 4)


def test_a_step_that_finds_no_memory_ends_its_stream_and_no_later_one(
    driver: DriverDouble, speech: Samples
) -> None:
    engine = batched(on(driver), 4)
    engine.warm_up()
    whole = [engine.session(), engine.session()]
    sound = AudioChunk(speech[:8_000], 0, RATE)
    expected = [np.stack([f.weights for f in s.push(sound)]) for s in whole]
    for session in whole:
        session.close()
    fresh = batched(on(driver), 4)  # not warm: its first step takes memory
    driver.memory = driver.taken
    with pytest.raises(OutOfMemoryError) as error:
        fresh.session().push(sound)
    assert str(error.value) == GPU_FULL
    driver.memory = 1 << 40
    again = np.stack([frame.weights for frame in fresh.session().push(sound)])
    np.testing.assert_allclose(again, expected[0], atol=1e-5)


def test_one_session_too_many_is_refused_as_that_and_fits_when_another_has_left(
    driver: DriverDouble, hubert_folder: Path
) -> None:
    engine = load_hubert(
        hubert_folder, lambda file: TensorrtGraph(PlanDouble(file, driver, most_rows=64))
    )
    first = engine.session()
    gc.collect()
    driver.memory = driver.taken
    with pytest.raises(CapacityError, match=r"memory for one more session; .*\(the GPU has too"):
        engine.session()
    del first
    gc.collect()
    engine.session()


def test_auto_passes_a_back_end_over_that_has_no_memory_for_the_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "facewire_engines.backends.automatic."
    monkeypatch.setattr(name + "driver_is_there", lambda: True)
    monkeypatch.setattr(name + "missing", lambda backend: None)

    def make(load: Any) -> PhonesEngine:
        return load_embedded(load)

    def loader(backend: object, cache: object) -> Any:
        def load(file: GraphFile) -> Graph:
            raise OutOfMemoryError(GPU_FULL)

        return load

    monkeypatch.setattr(name + "graph_loader", loader)
    engine, line = choose(make, 64)
    assert engine.name == "phones"
    assert line.startswith("back-end onnx, on the processor: not tensorrt: the GPU has too little")


def test_tensorrt_that_complains_of_memory_while_a_plan_loads_is_not_a_damaged_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the words of its allocator; a runtime of its own needs a GPU."""
    rtx = pytest.importorskip("tensorrt_rtx", reason="install TensorRT: pip install tensorrt_rtx")

    class Runtime:
        def __init__(self, log: Any) -> None:
            self._log = log

        def deserialize_cuda_engine(self, plan: bytes) -> None:
            words = (
                "[defaultAllocator.cpp::allocate::57] Error Code 1: Cuda Runtime (out of memory)"
            )
            self._log.log(rtx.ILogger.Severity.ERROR, words)

    gpu = Gpu("NVIDIA L4", "sm_89", 1 << 34, "13.0")
    monkeypatch.setattr(loaded_plan, "find_gpu", lambda: gpu)
    monkeypatch.setattr(loaded_plan, "use_gpu", lambda: None)
    module = SimpleNamespace(ILogger=rtx.ILogger, Runtime=Runtime, __version__="11.4")
    spec = OnnxGraph((model_folder("phones") / "decoder.onnx").read_bytes()).spec
    with pytest.raises(OutOfMemoryError) as error:
        LoadedPlan(spec, b"plan", Library("tensorrt", module))
    assert str(error.value) == GPU_FULL


def test_a_gpus_error_as_torch_has_it_raised_by_hand_is_one_sentence() -> None:
    torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[torch]'")
    from facewire_engines.backends.torch.library import TorchErrors

    for error in (
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore lines"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    ):
        with pytest.raises(OutOfMemoryError) as caught, TorchErrors(torch):
            raise error
        assert str(caught.value) == GPU_FULL


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_streams_that_the_processor_really_has_no_memory_for(backend: str) -> None:
    content = (model_folder("phones") / "encoder.onnx").read_bytes()
    graph: Graph = OnnxGraph(content)
    if backend == "torch":
        pytest.importorskip("torch", reason="install torch: pip install -e '.[torch]'")
        from facewire_engines.backends.torch.graph import TorchGraph

        graph = TorchGraph(content)
    with pytest.raises(OutOfMemoryError) as error:
        graph.streams(TOO_MANY)
    assert str(error.value) == MACHINE_FULL


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_a_run_that_the_processor_really_has_no_memory_for(backend: str) -> None:
    onnx = pytest.importorskip("onnx", reason="install onnx: pip install -e '.[torch]'")
    graph: Graph = OnnxGraph(outer_product(onnx))
    if backend == "torch":
        pytest.importorskip("torch", reason="install torch: pip install -e '.[torch]'")
        from facewire_engines.backends.torch.graph import TorchGraph

        graph = TorchGraph(outer_product(onnx))
    column = np.zeros((1 << 21, 1), np.float32)
    with pytest.raises(OutOfMemoryError) as error:
        graph.run({"column": column})
    assert str(error.value) == MACHINE_FULL


def outer_product(onnx: Any) -> bytes:
    """Return a graph of which a column of 8 MB makes a square of 16 TB."""
    helper, single = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["column"], ["row"], perm=[1, 0]),
            helper.make_node("Mul", ["column", "row"], ["square"]),
        ],
        "outer",
        [helper.make_tensor_value_info("column", single, ["batch", 1])],
        [helper.make_tensor_value_info("square", single, ["batch", "batch2"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    content: bytes = model.SerializeToString()
    return content
