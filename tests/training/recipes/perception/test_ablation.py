from fractions import Fraction

import numpy as np
import pytest
import torch

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_training.data.capture import Capture
from facewire_training.data.corpora.corpus import SAMPLE_RATE
from facewire_training.model.decoder import PLACES, Decoder, DecoderConfig
from facewire_training.phones import PhoneInterval
from facewire_training.recipes.perception.ablation import HeldOut, decoded, measure, truth_row
from facewire_training.recipes.perception.heard_faces import HeardFaces
from facewire_training.recipes.perception.reader import LipReader, ReaderConfig
from facewire_training.take import Take

RATE = Fraction(60)
SAID = tuple(
    PhoneInterval(0.2 * place, 0.2 * (place + 1), INDEX[name])
    for place, name in enumerate(("p", "aa", "uw", "b", "aa"))
)
JAW = arkit.INDEX["jawOpen"]


def clip() -> HeardFaces:
    """Return a second of nothing, as it is heard; the encoder hears no part of a hop."""
    shapes = ((PLACES, len(PHONES) + 1), (PLACES,), (arkit.COUNT,), (arkit.COUNT,), (2,))
    return HeardFaces(*(torch.zeros(1, 59, *shape) for shape in shapes))


def moving() -> np.ndarray:
    weights = np.zeros((60, arkit.COUNT), np.float32)
    weights[12:24, JAW] = weights[48:, JAW] = 0.4
    weights[24:36, arkit.INDEX["mouthPucker"]] = 0.6
    return weights


@pytest.fixture
def rules() -> HeldOut:
    return HeldOut((clip(),), (Take(moving(), RATE, SAID),))


@pytest.fixture
def captured() -> HeldOut:
    known = np.ones(arkit.COUNT, bool)
    samples = np.zeros(SAMPLE_RATE, np.float32)
    capture = Capture("one", samples, moving(), known, RATE, "grid", "grid-1")
    return HeldOut((clip(),), (Take(moving(), RATE, SAID),), (capture,))


@pytest.fixture
def judge() -> LipReader:
    torch.manual_seed(0)
    return LipReader(ReaderConfig("weights", width=16)).eval()


def still(jaw: float) -> Decoder:
    """Return a decoder that always opens the jaw as far."""
    decoder = Decoder(DecoderConfig(embedding=2, width=4, layers=1))
    for weight in decoder.out.parameters():
        torch.nn.init.zeros_(weight)
    with torch.no_grad():
        decoder.out.bias[JAW] = jaw
    return decoder.eval()


def test_a_face_that_never_opens_closes_everywhere_and_moves_nowhere(
    rules: HeldOut, captured: HeldOut, judge: LipReader
) -> None:
    row = measure(still(0.0), judge, rules, captured)
    assert (row["closed"], row["by luck"], row["vowels shut"]) == (1, 1, 1)
    assert row["amplitude"] == 0
    assert row["GRID gap_amplitude"] == 0
    assert "GRID gap_r" not in row
    wrong = (24 * 0.4 + 12 * 0.6) / 60
    assert row["LVE"] == pytest.approx(wrong, rel=1e-5)


def test_a_face_that_is_always_open_closes_nowhere(
    rules: HeldOut, captured: HeldOut, judge: LipReader
) -> None:
    row = measure(still(0.5), judge, rules, captured)
    assert row["closed"] == 0
    assert row["vowels shut"] == 0
    faces = decoded(still(0.5), rules)[0].weights
    assert faces.shape == (59, arkit.COUNT)
    assert np.allclose(faces[:, JAW], 0.5)


def test_the_true_face_is_measured_by_the_same_figures(
    rules: HeldOut, captured: HeldOut, judge: LipReader
) -> None:
    row = truth_row(judge, rules, captured)
    assert row["closed"] == 1
    assert row["vowels shut"] == 0
    assert row.keys() <= measure(still(0.2), judge, rules, captured).keys()
