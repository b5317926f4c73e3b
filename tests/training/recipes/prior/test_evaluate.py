"""What is measured of priors: who is asked for, against whom, and what comes out."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_training.bundled_speech import bundled_speech
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.recipes.prior.autoencoder import Autoencoder, AutoencoderConfig
from facewire_training.recipes.prior.decoder import CodeDecoder, DecoderConfig
from facewire_training.recipes.prior.evaluate import (
    FRAME_RATE,
    Models,
    read_variant,
)
from facewire_training.recipes.prior.train import save_decoder


def test_a_model_is_asked_for_with_what_is_made_of_its_codes() -> None:
    assert read_variant("codes=run").chosen == "mean"
    assert read_variant("codes:best=run").chosen == "best"
    assert read_variant("codes:grid=run").style == "grid"
    assert read_variant("codes:0.5=run").heat == 0.5
    for wrong in ("codes", "codes=", "codes:99=run"):
        with pytest.raises(ConfigError, match="is no model; write NAME=RUN"):
            read_variant(wrong)


def test_a_model_performs_in_the_style_of_the_set(tmp_path: Path) -> None:
    torch.manual_seed(0)
    codes = Autoencoder(AutoencoderConfig(groups=2, size=8, code=4, width=32))
    (tmp_path / "run").mkdir()
    save_decoder(CodeDecoder(DecoderConfig(width=32, memory=10), codes), tmp_path / "run")
    variants = [read_variant(f"{name}={tmp_path / 'run'}") for name in ("codes", "codes:grid")]
    models = Models(variants, tmp_path)
    said = Utterance("one", bundled_speech()[:16_000].numpy(), (), "who", "grid")
    by_style = [models.of(style) for style in ("rules", "grid")]
    assert list(by_style[0]) == ["phones", "codes", "codes:grid"]
    rules, grid = (of["codes"](said, FRAME_RATE).weights for of in by_style)
    assert len(rules) == 60
    assert np.abs(rules - grid).max() > 1e-3
    always = by_style[0]["codes:grid"](said, FRAME_RATE).weights
    np.testing.assert_allclose(always, grid, atol=1e-6)
