"""The embedded model on real speakers that it never heard: what a release must reach."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire_engines.phones.engine import load_embedded
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.evaluation.metrics.lips.closure import (
    closure_rate,
    false_closure_rate,
    luck_rate,
)
from facewire_training.evaluation.metrics.lips.openness import gap_auc
from facewire_training.evaluation.performers import Performer, Streamed, oracle
from facewire_training.take import Take

EVERY = 12
"""One utterance in twelve, of all four speakers: three and a half minutes of speech."""


def takes(performer: Performer, data: Path) -> Sequence[Take]:
    chosen = list(LibriSpeech(data / "librispeech").validation())[::EVERY]
    return [performer(utterance, Fraction(60)) for utterance in chosen]


@pytest.mark.slow
def test_lips_meet_and_open_on_speakers_never_trained_on(data_dir: Path) -> None:
    engine = load_embedded()
    model = takes(Streamed(engine, 80), data_dir)
    truth = takes(oracle, data_dir)
    assert closure_rate(model) >= 0.92
    assert false_closure_rate(model) <= 0.02
    assert luck_rate(model) <= 0.30
    assert gap_auc(model) >= gap_auc(truth) - 0.10


@pytest.mark.slow
def test_lips_meet_without_any_lookahead(data_dir: Path) -> None:
    model = takes(Streamed(load_embedded(), 0), data_dir)
    assert closure_rate(model) >= 0.70
    assert false_closure_rate(model) <= 0.05
