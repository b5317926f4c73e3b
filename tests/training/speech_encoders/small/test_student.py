"""A causal student says what its teacher, who hears everything, says; and nobody else's ids."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from tests.training.recipes.tokens_to_faces.conftest import IDS, ToneEncoder, speech

from facewire.errors import ConfigError
from facewire_training.data.shards import load_one, write
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.registry import open_encoder
from facewire_training.speech_encoders.rows.encoded import (
    load_encoded,
    write_encoded,
    write_representation,
)
from facewire_training.speech_encoders.small.body import BodyConfig
from facewire_training.speech_encoders.small.encoder import SmallIds
from facewire_training.speech_encoders.small.networks import SmallConfig
from facewire_training.speech_encoders.small.student import (
    IdCrops,
    agreement,
    config_of,
    student_losses,
)
from facewire_training.speech_encoders.small.train import new_network, train
from facewire_training.speech_encoders.streaming_encoder import streamed_rows

TEACHER = replace(IDS, name="teacher", middle=Fraction(0))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("corpus")
    write_representation(folder / "ids", TEACHER)
    for name, seeds in (("made", range(6)), ("others", range(20, 23))):
        shard = write(folder / name, [speech(3.0, seed) for seed in seeds], {})
        every = np.arange(len(shard))
        list(write_encoded(folder / "ids", name, shard, every, ToneEncoder(TEACHER)))
    return folder


def config() -> SmallConfig:
    return replace(config_of(TEACHER), body=BodyConfig(channels=32, width=48, layers=1))


def test_it_learns_its_teachers_ids(corpus: Path, tmp_path: Path) -> None:
    crops = IdCrops(corpus, corpus / "ids", "made", batch=4, seed=0)
    network = new_network(config())
    others = load_one(corpus / "others")
    said = load_encoded(corpus / "ids", "others", others)
    before = agreement(SmallIds(network), others, said)
    network.train()
    losses = lambda step: student_losses(network, *crops.draw(step))  # noqa: E731
    train(network, losses, tmp_path, 120, 5e-3)
    student = open_encoder("student", tmp_path)
    assert isinstance(student, SmallIds)
    after = agreement(student, others, said)
    assert after.digits > max(0.8, before.digits, after.commonest)
    assert after.ids > before.ids + 0.2
    assert after.rows == sum(len(said.rows_of(place)) for place in range(len(said)))

    # It says them as its teacher's, 40 ms late, hop by hop.
    assert student.representation == TEACHER
    assert student.delay == 1
    audio = others.audio(0)
    (whole,) = student.encode([audio])
    found = streamed_rows(student, audio)
    assert (found == whole[: len(found)]).mean() > 0.99


def test_only_ids_of_eight_digits_are_learned() -> None:
    for other in (
        replace(TEACHER, rate=Fraction(50)),
        replace(TEACHER, vocabulary=4096),
        Representation("features", "semantic", Fraction(25), width=8),
    ):
        with pytest.raises(ConfigError, match="eight digits"):
            config_of(other)


def test_a_student_and_a_small_encoder_are_not_taken_for_each_other(
    corpus: Path, tmp_path: Path
) -> None:
    crops = IdCrops(corpus, corpus / "ids", "made", batch=1, seed=0)
    network = new_network(config())
    train(network, lambda step: student_losses(network, *crops.draw(step)), tmp_path, 1, 1e-3)
    with pytest.raises(ConfigError, match="a student of teacher"):
        open_encoder("small-labels", tmp_path)
    with pytest.raises(ConfigError, match="name the folder of its run"):
        open_encoder("student")
