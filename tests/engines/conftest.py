"""Real speech for the tests of engines, and a model that is made on the spot."""

from importlib import resources
from pathlib import Path

import pytest
import soundfile

from facewire.frames import Samples


@pytest.fixture(scope="session")
def speech() -> Samples:
    """Return the bundled clip: 9.6 s of speech at 16 kHz."""
    with resources.as_file(resources.files("facewire") / "assets" / "demo.flac") as path:
        samples, rate = soundfile.read(path, dtype="float32")
    assert rate == 16_000
    result: Samples = samples
    return result


@pytest.fixture(scope="session")
def hubert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model of the engine `hubert`: small, of random weights, 40 ms a step."""
    for module in ("torch", "onnx", "transformers"):
        pytest.importorskip(module, reason=f"install {module}: pip install -e '.[train]'")
    from facewire_training.recipes.hubert.export import write_model
    from facewire_training.recipes.hubert.geometry import Geometry
    from facewire_training.recipes.hubert.model import random_checkpoint

    folder = tmp_path_factory.mktemp("hubert")
    write_model(folder, random_checkpoint("tiny"), Geometry(context=20, step=2, right=8))
    return folder


@pytest.fixture(scope="session")
def recipe_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return models of the engine `recipe`, of random weights, by what their rows are."""
    for module in ("torch", "onnx"):
        pytest.importorskip(module, reason=f"install {module}: pip install -e '.[train]'")
    from tests.engines.recipe.small_models import write_small_models

    return write_small_models(tmp_path_factory.mktemp("recipe"))
