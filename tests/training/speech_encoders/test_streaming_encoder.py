"""Encoders as streams: hop by hop they say what they say of the whole, and are exported so."""

from fractions import Fraction

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_training.bundled_speech import bundled_speech
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.log_mel import LogMelEncoder
from facewire_training.speech_encoders.phone_rows import load_phone_rows
from facewire_training.speech_encoders.streaming_encoder import (
    StreamingEncoder,
    hop_of,
    hop_samples,
    streamed_rows,
)
from facewire_training.streaming.step_network import StepNetwork

ENCODERS: dict[str, StreamingEncoder] = {
    "features": LogMelEncoder(25),
    "features, two rows a hop": LogMelEncoder(50, step=2),
    "ids": LogMelEncoder(25, codebooks=1, vocabulary=100),
    "ids of three codebooks": LogMelEncoder(50, codebooks=3, vocabulary=64),
    "rows of the embedded model": load_phone_rows(),
}


@pytest.fixture(params=ENCODERS)
def encoder(request: pytest.FixtureRequest) -> StreamingEncoder:
    return ENCODERS[request.param]


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    samples: np.ndarray = bundled_speech()[: 3 * 16_000 + 333].numpy()
    return samples


def test_a_stream_says_what_the_whole_says(encoder: StreamingEncoder, speech: np.ndarray) -> None:
    (whole,) = encoder.encode([speech])
    assert len(whole) == encoder.representation.rows(len(speech), encoder.sample_rate)
    found = streamed_rows(encoder, speech).astype(np.float64)
    assert len(whole) - encoder.step < len(found) <= len(whole)
    # In quiet bands a logarithm magnifies the rounding of sums.
    np.testing.assert_allclose(found, whole[: len(found)].astype(np.float64), atol=1e-4)


def test_the_graph_says_what_the_stream_says(encoder: StreamingEncoder, speech: np.ndarray) -> None:
    (network,) = encoder.networks()
    streams = OnnxGraph(network.exported().content).streams(1)
    hop = hop_samples(encoder)
    pieces = [
        streams.step(np.zeros(1, np.int64), {"samples": speech[None, start : start + hop]})[0][0]
        for start in range(0, 40 * hop, hop)
    ]
    found = np.concatenate(pieces)
    assert found.shape[1] == (encoder.representation.codebooks or encoder.representation.width)
    expected = streamed_rows(encoder, speech)[: len(found)].astype(np.float64)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_ids_are_in_their_vocabulary_and_many(speech: np.ndarray) -> None:
    encoder = ENCODERS["ids of three codebooks"]
    (ids,) = encoder.encode([speech])
    assert ids.min() >= 0
    assert ids.max() < 64
    assert all(len(np.unique(ids[:, codebook])) > 10 for codebook in range(3))


def test_too_little_audio_has_no_rows(encoder: StreamingEncoder) -> None:
    nothing = np.zeros(10, np.float32)
    (whole,) = encoder.encode([nothing])
    assert whole.shape == streamed_rows(encoder, nothing).shape
    assert len(whole) == 0


def test_a_row_stands_for_the_middle_of_what_it_hears() -> None:
    encoder = LogMelEncoder(25)
    click = np.zeros(16_000, np.float32)
    row, middle = 10, encoder.representation.middle
    click[int((row + middle) * 640) - 40 : int((row + middle) * 640) + 40] = 1.0
    (heard,) = encoder.encode([click])
    loud = heard.mean(1) - heard.mean(1).min()
    assert loud.argmax() == row
    places = np.arange(len(loud)) + 0.0
    assert abs((places * loud).sum() / loud.sum() - row) < 0.2


def test_a_hop_is_whole_samples() -> None:
    speech = Representation("codec", "acoustic", Fraction(75), codebooks=1, vocabulary=4096)
    assert hop_of(speech, 24_000, 1) == 320
    assert hop_of(speech, 16_000, 3) == 640
    with pytest.raises(ConfigError, match="choose a multiple of 3 rows"):
        hop_of(speech, 16_000, 1)


def test_new_streams_remember_zeros() -> None:
    with pytest.raises(ValueError, match="have to be zeros"):
        StepNetwork(
            "e.onnx", torch.nn.Identity(), "x", torch.ones(2, 1), {"past_x": torch.ones(2)}, "y"
        )
    with pytest.raises(ValueError, match="begin with 'past_'"):
        StepNetwork(
            "e.onnx", torch.nn.Identity(), "x", torch.ones(2, 1), {"x": torch.zeros(2)}, "y"
        )
