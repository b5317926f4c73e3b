"""A student of a few passes comes nearer to its teacher's many than the teacher's own few."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from torch import Generator, Tensor

from facewire.errors import ConfigError
from facewire_training.recipes.tokens_to_faces.batches import BatchConfig, Batches
from facewire_training.recipes.tokens_to_faces.checkpoint import RunConfig, open_run
from facewire_training.recipes.tokens_to_faces.decoders.distilled_diffusion import (
    DistilledDiffusion,
    DistilledDiffusionConfig,
)
from facewire_training.recipes.tokens_to_faces.decoders.gru_diffusion import (
    GruDiffusion,
    GruDiffusionConfig,
)
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.recipes.tokens_to_faces.processes import Processes
from facewire_training.recipes.tokens_to_faces.train import train
from facewire_training.speech_encoders.rows.encoded import read_representation

SMALL = GruDiffusionConfig(width=24, condition=16, dropout=0.0, steps=200)
CPU = Processes(torch.device("cpu"))


@pytest.fixture(scope="module")
def teacher(corpus: Path, ids: Path, tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    folder: Path = tmp_path_factory.mktemp("teacher")
    setting = Setting(read_representation(ids), seconds=1)
    config = RunConfig(
        "gru-diffusion", SMALL, setting, batches=BatchConfig(batch=4), steps=120, rate=5e-3
    )
    train(config, Batches(corpus, ids, config.batches, setting, 0), folder, CPU)
    student = DistilledDiffusionConfig(SMALL, str(folder), passes=2, moves=8)
    return replace(config, decoder="distilled-diffusion", network=student, steps=100, rate=2e-3)


def test_it_does_in_two_passes_what_took_sixteen(
    corpus: Path, ids: Path, teacher: RunConfig, tmp_path: Path
) -> None:
    batches = Batches(corpus, ids, teacher.batches, teacher.setting, 0)
    train(teacher, batches, tmp_path, CPU)
    many = open_run(Path(teacher.network.teacher)).module
    assert isinstance(many, GruDiffusion)
    speech = batches.draw(1000).speech

    def faces(passes: int) -> Tensor:
        many.sample_in(passes)
        return many.faces(speech, 30, Generator().manual_seed(5))

    opened = open_run(tmp_path)
    assert not any("teacher" in name for name in opened.module.state_dict())
    with torch.no_grad():
        wanted, few = faces(16), faces(2)
        student = opened.decoder.faces(speech, 30, Generator().manual_seed(5))
    assert (student - wanted).abs().mean() < 0.8 * (few - wanted).abs().mean()


def test_a_student_is_asked_as_often_as_it_says(teacher: RunConfig) -> None:
    student = DistilledDiffusion(teacher.network, teacher.setting).student
    assert (student.passes, student.config.dropout) == (2, 0.0)


def test_teachers_of_other_rows_are_refused(teacher: RunConfig) -> None:
    student = DistilledDiffusion(teacher.network, replace(teacher.setting, frame_rate=Fraction(60)))
    with pytest.raises(ConfigError, match="distil it on those"):
        student.learn_from(GruDiffusion(SMALL, teacher.setting))
