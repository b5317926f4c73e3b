"""The rebuilt peer has the size, the window and the look-ahead that were published."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from facewire.clock import SystemClock
from facewire.frames import AudioChunk
from facewire_cli.bench.throughput_load import Trial, run_load

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def modules() -> tuple[ModuleType, ModuleType]:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return (
            import_module("peers.audio2face_regression"),
            import_module("peers.audio2face_engine"),
        )
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def engine(modules: tuple[ModuleType, ModuleType]) -> Any:
    network, engine = modules
    return engine.PeerEngine(network.export_onnx())


def test_it_has_as_many_parameters_as_published(modules: tuple[ModuleType, ModuleType]) -> None:
    network, _ = modules
    assert network.parameters(network.Audio2FaceRegression()) == pytest.approx(18.3e6, rel=0.01)


def test_the_autocorrelation_is_one(modules: tuple[ModuleType, ModuleType]) -> None:
    network, _ = modules
    samples = torch.randn(1, network.WINDOW)
    found = network.Autocorrelation()(samples)
    assert found.shape == (1, 64, 32)
    frame = samples[0, 3 * 128 : 3 * 128 + 256] * torch.hann_window(256)
    expected = [float((frame[: 256 - lag] * frame[lag:]).sum()) for lag in range(32)]
    np.testing.assert_allclose(found[0, 3], expected, atol=1e-3)


def test_onnxruntime_and_torch_agree(modules: tuple[ModuleType, ModuleType], engine: Any) -> None:
    network, _ = modules
    torch.manual_seed(0)
    module = network.Audio2FaceRegression().eval()
    samples = torch.randn(3, network.WINDOW) * 0.1
    emotion = torch.rand(3, network.EMOTION)
    with torch.no_grad():
        expected = module(samples, emotion)
    feeds = {"samples": samples.numpy(), "emotion": emotion.numpy()}
    (found,) = engine.graph.run(feeds)
    assert found.shape == (3, 272 + 10 + 15 + 4)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_frame_hears_260_ms_on_each_side_and_no_more(engine: Any) -> None:
    speech = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)

    def frames(samples: Any) -> Any:
        session = engine.session()
        found = []
        for start in range(0, len(samples), 400):
            found += session.push(AudioChunk(samples[start : start + 400], start, 16_000))
        return np.stack([frame.weights for frame in found + session.flush()])

    plain = frames(speech)
    assert len(plain) == 31
    changed = speech.copy()
    changed[9_000] += 1.0
    moments = np.arange(len(plain)) * 16_000 // 30
    hears = (moments - 4_160 <= 9_000) & (moments + 4_160 > 9_000)
    differs = np.abs(frames(changed) - plain).max(axis=1) > 0
    np.testing.assert_array_equal(differs, hears)


async def test_the_same_load_can_be_put_on_it(engine: Any) -> None:
    found = await run_load(Trial("", 1, "30", 260.0, seconds=0.5), engine, SystemClock())
    assert found.frames == pytest.approx(15, abs=3)
