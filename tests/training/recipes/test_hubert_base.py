"""HuBERT-base in its full size, with random weights: it speaks, and TensorRT compiles it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")
pytest.importorskip("transformers", reason="install transformers: pip install -e '.[train]'")

from facewire.frames import AudioChunk
from facewire_engines.hubert.engine import load_hubert
from facewire_engines.model_files import read_manifest
from facewire_engines.plan_building import build_plans
from facewire_training.bundled_speech import bundled_speech
from facewire_training.recipes.hubert.export import write_model
from facewire_training.recipes.hubert.geometry import Geometry
from facewire_training.recipes.hubert.model import random_checkpoint

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    # Not one of pytest's folders, which it keeps: this is 380 MB.
    with tempfile.TemporaryDirectory(prefix="facewire") as folder:
        write_model(Path(folder), random_checkpoint("base"), Geometry(context=25, step=10, right=8))
        yield Path(folder)


def test_a_second_of_speech_has_its_frames(base: Path) -> None:
    engine = load_hubert(base)
    files = read_manifest(base).files.values()
    assert sum(file.parameters for file in files) > 94_000_000
    session = engine.session(lookahead_ms=240)
    frames = session.push(AudioChunk(bundled_speech()[:16_000].numpy(), 0, engine.sample_rate))
    frames += session.flush()
    assert len(frames) == 60
    assert np.array([frame.weights for frame in frames]).std(axis=0).max() > 0.02


def test_tensorrt_compiles_all_twelve_layers(base: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="install TensorRT: pip install tensorrt_rtx")
    with tempfile.TemporaryDirectory(prefix="facewire") as cache:
        results = build_plans(str(base), Path(cache), targets=["sm_89"], max_batch=4)
        sizes = {result.graph: result.size for result in results}
    assert sizes.keys() == read_manifest(base).files.keys()
    assert sizes["encoder.onnx"] > 300_000_000
