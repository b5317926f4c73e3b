"""A model that knows several styles, made on the spot for all clients."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def styled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a motion prior of random weights, in the style `rules` as long as nobody asks."""
    for module in ("torch", "onnx"):
        pytest.importorskip(module, reason=f"install {module}: pip install -e '.[train]'")
    from tests.engines.recipe.small_models import prior

    from facewire_training.recipes.prior.export import read_style, write_prior
    from facewire_training.speech_encoders.phone_rows import load_phone_rows

    folder = tmp_path_factory.mktemp("styled")
    write_prior(folder, prior(), load_phone_rows(), read_style([]))
    return folder
