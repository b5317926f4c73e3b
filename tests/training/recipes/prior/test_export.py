"""A prior as an engine: the faces of torch, for as long as one likes, at the same cost."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire.frames import AudioChunk
from facewire_engines.recipe.engine import load_recipe
from facewire_training.bundled_speech import bundled_speech
from facewire_training.recipes.prior.autoencoder import Autoencoder, AutoencoderConfig
from facewire_training.recipes.prior.decoder import CodeDecoder, CodeStep, DecoderConfig
from facewire_training.recipes.prior.export import read_style, write_prior
from facewire_training.recipes.prior.motion import moments
from facewire_training.speech_encoders.phone_rows import load_phone_rows


@pytest.fixture(scope="module")
def decoder() -> CodeDecoder:
    torch.manual_seed(2)
    codes = Autoencoder(AutoencoderConfig(groups=2, size=8, code=4, width=32))
    return CodeDecoder(DecoderConfig(width=32, memory=10), codes).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, decoder: CodeDecoder) -> Path:
    out = tmp_path_factory.mktemp("prior")
    write_prior(out, decoder, load_phone_rows(), read_style(["grid=0.5"]))
    return out


def test_the_engine_shows_what_torch_says(folder: Path, decoder: CodeDecoder) -> None:
    speech = bundled_speech()[: 4 * 16_000].numpy()
    session = load_recipe(folder).session(frame_rate=Fraction(100), lookahead_ms=80)
    frames = session.push(AudioChunk(speech, 0, 16_000)) + session.flush()
    encoder, step = load_phone_rows(), CodeStep(decoder)
    (rows,) = encoder.encode([speech])
    style, pasts, faces = read_style(["grid=0.5"])[None], step.past(1), []
    for row in torch.from_numpy(rows)[None, :, None].unbind(1):
        face, *following = step(row, torch.ones(1, 1), style, *pasts)
        pasts = (following[0], following[1], following[2], following[3])
        faces.append(face[0, 0].numpy())
    at = moments(encoder.representation, len(faces))
    for moment, face in list(zip(at, faces, strict=True))[1:-3]:
        # At 100 frames a second each row stands for the moment of a frame.
        np.testing.assert_allclose(frames[round(moment * 100)].weights, face, atol=2e-4)


def test_what_is_remembered_of_an_hour_is_as_large_as_of_a_second(folder: Path) -> None:
    graph = load_recipe(folder).model.decoder
    pasts = {past.name: past.zeros(1).shape for past in graph.spec.pasts}
    assert set(pasts) == {"past_known", "past_keys", "past_values", "past_latents"}
    assert all(isinstance(size, int) for shape in pasts.values() for size in shape)


def test_styles_are_read_and_the_rules_have_the_rest() -> None:
    assert read_style(["grid=0.3"]).tolist() == pytest.approx([0.7, 0.3, 0.0])
    assert read_style([]).tolist() == [1.0, 0.0, 0.0]
    for words, message in (
        (["nobody=1"], "no style 'nobody'; choose from rules, grid, facegood"),
        (["grid=nan"], "share of grid"),
        (["grid=0.8", "facegood=0.4"], "more than 1 together"),
    ):
        with pytest.raises(ConfigError, match=message):
            read_style(words)


def shown(folder: Path, style: dict[str, float] | None) -> np.ndarray:
    speech = bundled_speech()[:16_000].numpy()
    session = load_recipe(folder).session(frame_rate=Fraction(30), style=style)
    frames = session.push(AudioChunk(speech, 0, 16_000))
    return np.stack([frame.weights for frame in frames])


def test_a_session_has_the_style_that_it_asks_for(folder: Path) -> None:
    usual, same, none = (shown(folder, style) for style in (None, {"grid": 0.5}, {"facegood": 1.0}))
    np.testing.assert_array_equal(usual, same)
    assert np.abs(usual - none).max() > 1e-3


def test_an_impossible_style_is_one_sentence(folder: Path) -> None:
    engine = load_recipe(folder)
    for style, message in (
        ({"nobody": 1.0}, "has no style nobody; choose from rules, grid, facegood"),
        ({"grid": math.nan}, "shares of styles are from 0 to 1"),
        ({"grid": -0.1}, "shares of styles are from 0 to 1"),
        ({"grid": 0.8, "facegood": 0.4}, "at most 1 together"),
    ):
        with pytest.raises(ConfigError, match=message):
            engine.session(style=style)
