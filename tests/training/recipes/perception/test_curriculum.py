import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from facewire import arkit
from facewire.errors import ConfigError
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.phone_set import PHONES
from facewire_training.model.decoder import PLACES, Decoder, DecoderConfig
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.model.search import RATE
from facewire_training.recipes.perception.curriculum import (
    CROPS,
    CURRICULUM,
    READ_EVERY,
    Stage,
    curriculum,
    decode,
    learn,
    load_decoder,
    save_decoder,
)
from facewire_training.recipes.perception.heard_faces import HeardFaces, crops, heard_shard
from facewire_training.recipes.perception.reader import LipReader, ReaderConfig
from facewire_training.recipes.perception.reading_loss import ReadingLoss

SHARES = {"rules": 1.0}
READS = Stage("reader", 15, 3e-3, SHARES, reads=True)
JAW = arkit.INDEX["jawOpen"]


def clip(seed: int) -> HeardFaces:
    """Return 3 s in which the jaw opens as the first phone is heard."""
    generator = torch.Generator().manual_seed(seed)
    loud = torch.rand(180, generator=generator)
    windows = torch.zeros(180, PLACES, len(PHONES) + 1)
    windows[..., 1] = loud[:, None]
    truth = torch.zeros(180, arkit.COUNT)
    truth[:, JAW] = 0.4 * loud
    return HeardFaces(
        windows, torch.ones(180, PLACES), truth, torch.ones(180, arkit.COUNT), torch.zeros(180, 2)
    )


@pytest.fixture
def speech() -> dict[str, list[HeardFaces]]:
    return {"rules": [clip(seed) for seed in range(4)]}


@pytest.fixture
def reading() -> ReadingLoss:
    torch.manual_seed(0)
    reader = LipReader(ReaderConfig("weights", width=16, layers=2))
    return ReadingLoss(reader.eval().requires_grad_(False), RATE)


def decoder() -> Decoder:
    torch.manual_seed(1)
    return Decoder(DecoderConfig(embedding=4, width=16, layers=1))


def weights(of: Decoder) -> list[Tensor]:
    return [weight.detach().clone() for weight in of.parameters()]


def test_a_reader_that_does_not_count_changes_nothing(
    speech: dict[str, list[HeardFaces]], reading: ReadingLoss
) -> None:
    alone, beside = decoder(), decoder()
    assert learn(alone, READS, speech) == 0
    assert learn(beside, READS, speech, reading, weight=0.0) == 0
    assert all(map(torch.equal, weights(alone), weights(beside)))
    before = Stage("captured", 3, 3e-3, SHARES)
    assert learn(beside, before, speech, reading, weight=1.0) == 0


def test_the_reader_counts_as_much_as_was_asked_at_the_beginning(
    speech: dict[str, list[HeardFaces]], reading: ReadingLoss
) -> None:
    begun = decoder()
    one = Stage("reader", 1, 1e-3, SHARES, reads=True)
    factor = learn(copy.deepcopy(begun), one, speech, reading, weight=0.25)
    batch = crops(speech, SHARES, CROPS, np.random.default_rng(0))
    faces = decode(begun, batch)
    usual = FaceLoss(LossConfig())(faces, batch.truth, batch.trust)
    (slope,) = torch.autograd.grad(usual, faces, retain_graph=True)
    some = slice(None, None, READ_EVERY)
    read = factor * reading(faces[some], batch.truth[some], batch.trust[some])
    (of_reader,) = torch.autograd.grad(read, faces)
    assert float(of_reader.norm() / slope.norm()) == pytest.approx(0.25, rel=1e-4)


def test_a_decoder_that_is_read_is_read_more_alike(
    speech: dict[str, list[HeardFaces]], reading: ReadingLoss
) -> None:
    alone, read = decoder(), decoder()
    learn(alone, READS, speech)
    learn(read, READS, speech, reading, weight=10.0)
    batch = crops(speech, SHARES, 8, np.random.default_rng(7))
    with torch.no_grad():
        costs = [float(reading(decode(one, batch), batch.truth)) for one in (alone, read)]
    assert costs[1] < 0.9 * costs[0]


def test_crops_come_from_shards_by_their_shares_and_stay_together() -> None:
    both = {"rules": [clip(0)], "grid": [clip(1)], "none": [clip(2)]}
    both["grid"][0].style[:] = 1.0
    batch = crops(both, {"rules": 0.5, "grid": 0.5, "none": 0.0}, 40, np.random.default_rng(0))
    of_grid = batch.style[:, 0, 0] == 1
    assert 10 < int(of_grid.sum()) < 30
    assert torch.allclose(batch.truth[..., JAW], 0.4 * batch.windows[..., 0, 1])


def test_stages_keep_their_shares_of_fewer_steps() -> None:
    usual = sum(stage.steps for stage in CURRICULUM)
    assert curriculum(usual) == CURRICULUM
    assert [stage.steps for stage in curriculum(9)] == [4, 2, 3]
    assert [stage.steps for stage in curriculum(1)] == [1, 1, 1]


def test_a_decoder_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    made, batch = decoder(), crops({"rules": [clip(0)]}, SHARES, 2, np.random.default_rng(0))
    save_decoder(made, tmp_path / "decoder.pt")
    assert torch.equal(decode(load_decoder(tmp_path / "decoder.pt"), batch), decode(made, batch))
    torch.save({"config": {}}, tmp_path / "other.pt")
    with pytest.raises(ConfigError, match="no decoder; train one"):
        load_decoder(tmp_path / "other.pt")


def test_a_corpus_without_the_shard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no shard grid"):
        heard_shard(load_embedded(), tmp_path, "grid", 1)
