"""Small encoders: offline, as streams, as graphs, and while they learn."""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.backends.onnx_graph import OnnxGraph
from facewire_engines.backends.onnx_surgery import one_hop, parse
from facewire_training.bundled_speech import bundled_speech
from facewire_training.data import shards
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.phones import PhoneInterval
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.registry import open_encoder
from facewire_training.speech_encoders.rows.encoded import write_encoded, write_representation
from facewire_training.speech_encoders.small.body import BodyConfig
from facewire_training.speech_encoders.small.encoder import SmallIds, load_small
from facewire_training.speech_encoders.small.networks import (
    TAUGHT,
    Kind,
    SmallConfig,
    SmallEncoder,
    share_used,
)
from facewire_training.speech_encoders.small.quantisers import ResidualQuantiser, ScalarQuantiser
from facewire_training.speech_encoders.small.train import Crops, new_network, save, train
from facewire_training.speech_encoders.streaming_encoder import streamed_rows

KINDS: tuple[Kind, ...] = ("acoustic", "codec", "labels")
TINY = BodyConfig(channels=8, width=16, layers=1)


def small(kind: Kind) -> SmallIds:
    torch.manual_seed(1)
    network = SmallEncoder(SmallConfig(kind, TINY))
    heard = bundled_speech()[None, : 8 * 16_000]
    with torch.no_grad():
        # Rows of an untrained body are much alike: spread its digits, and put its codes onto rows.
        network.quantiser.narrow.weight.mul_(30)
        network.quantiser(network.rows(network.body(heard, *network.body.past(1))[0]))
    return SmallIds(network)


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    samples: np.ndarray = bundled_speech()[: 4 * 16_000 + 333].numpy()
    return samples


@pytest.mark.parametrize("kind", KINDS)
def test_company_in_a_run_changes_nothing(kind: Kind, speech: np.ndarray) -> None:
    encoder = small(kind)
    pieces = [speech, speech[:20_000], speech[5_000:9_321]]
    together = encoder.encode(pieces)
    for piece, found in zip(pieces, together, strict=True):
        (alone,) = encoder.encode([piece])
        assert found.shape == alone.shape
        assert len(found) == encoder.representation.rows(len(piece), 16_000)
        # Sums are rounded another way in a batch: at a border between codes, an id may differ.
        assert (found == alone).mean() > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_says_the_same_ids_40_ms_later(kind: Kind, speech: np.ndarray) -> None:
    encoder = small(kind)
    assert encoder.delay == 0.04 * encoder.representation.rate
    (whole,) = encoder.encode([speech])
    assert len(np.unique(whole[:, 0])) > 10
    found = streamed_rows(encoder, speech)
    assert len(whole) - 1 <= len(found) + encoder.delay <= len(whole)
    assert (found == whole[: len(found)]).mean() > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_the_graph_says_what_the_stream_says(kind: Kind, speech: np.ndarray) -> None:
    encoder = small(kind)
    (network,) = encoder.networks()
    streams = OnnxGraph(network.exported().content).streams(1)
    hop = network.example.shape[1]
    found = np.concatenate([
        streams.step(np.zeros(1, np.int64), {"samples": speech[None, start : start + hop]})[0][0]
        for start in range(0, 50 * hop, hop)
    ])  # fmt: skip
    expected = streamed_rows(encoder, speech)[: len(found) - encoder.delay]
    assert (found[encoder.delay :] == expected).mean() > 0.99


@pytest.mark.parametrize("kind", ["labels", "codec"])
def test_its_recurrent_steps_are_taken_apart_for_plans(kind: Kind, speech: np.ndarray) -> None:
    (network,) = small(kind).networks()
    content = network.exported().content
    graph, model = OnnxGraph(content), parse(content, "encoder.onnx")
    one_hop(model)
    assert not {"GRU", "Loop"} & {node.op_type for node in model.graph.node}
    hop = network.example.shape[1]
    feeds = {value.name: value.zeros(1) for value in graph.spec.inputs}
    feeds["samples"] = speech[None, 8_000 : 8_000 + hop]
    apart = OnnxGraph(model.SerializeToString()).run(feeds)
    for found, expected in zip(apart, graph.run(feeds), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_digits_make_the_id_that_they_spell() -> None:
    quantiser = ScalarQuantiser(4)
    ids, digits, numbers = quantiser(torch.randn(2, 5, 4) * 3)
    spelled = ((digits.detach().round() + 1).long() * 3 ** torch.arange(8)).sum(-1)
    assert torch.equal(ids[..., 0], spelled)
    assert numbers.abs().max() <= 1
    digits.sum().backward()
    assert quantiser.narrow.weight.grad is not None


def test_later_levels_come_nearer_to_the_rows() -> None:
    torch.manual_seed(0)
    quantiser = ResidualQuantiser(8, 8, levels=3, size=16)
    rows = torch.randn(4, 64, 8)
    for _ in range(200):
        quantiser(rows)
    quantiser.eval()
    with torch.no_grad():
        ids, said, _ = quantiser(rows)
    errors = [float((quantiser.narrow(rows) - level).square().mean().detach()) for level in said]
    assert errors[0] > errors[1] > errors[2]
    assert ids.shape == (4, 64, 3)
    assert all(len(ids[..., level].unique()) == 16 for level in range(3))


def test_the_share_of_a_codebook_that_is_used() -> None:
    network = SmallEncoder(SmallConfig("acoustic", TINY))
    assert share_used(network, torch.arange(1024)[:, None]) == pytest.approx(1.0)
    assert share_used(network, torch.zeros(50, 1, dtype=torch.int64)) == pytest.approx(1 / 1024)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, speech: np.ndarray) -> Path:
    """A corpus of two utterances, and what a teacher made of random numbers hears in it."""
    folder = tmp_path_factory.mktemp("corpus")
    phones = tuple(PhoneInterval(0.1 * at, 0.1 * (at + 1), 1 + at % 30) for at in range(38))
    said = [Utterance(f"u{n}", speech, phones, "one", "made") for n in range(2)]
    shard = shards.write(folder / "made", said, {})
    taught = folder / "taught"
    write_representation(taught, RandomRows().representation)
    list(write_encoded(taught, "made", shard, np.arange(2), RandomRows()))
    return folder


class RandomRows:
    """Rows of random numbers, in the place of a recogniser's."""

    sample_rate = 16_000
    representation = Representation("random", "semantic", Fraction(50), TAUGHT, middle=Fraction(0))

    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        rng = np.random.default_rng(0)
        return [rng.standard_normal((len(s) // 320, TAUGHT)).astype(np.float32) for s in speech]


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_goes_on_where_it_stopped(kind: Kind, corpus: Path, tmp_path: Path) -> None:
    crops = Crops(corpus, corpus / "taught", "made", batch=2, seed=0)
    config = SmallConfig(kind, TINY)

    def learned(run: str, stop_after: int | None = None) -> SmallEncoder:
        network = new_network(config)
        losses = lambda step: network.losses(*crops.draw(step))  # noqa: E731
        return train(network, losses, tmp_path / run, 30, 3e-3, stop_after)

    whole = learned("whole")
    learned("halves", stop_after=13)
    halves = learned("halves")
    lines = (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert told[-1]["total"] < told[0]["total"]
    loaded = load_small(tmp_path / "halves", kind).network.state_dict()
    for network in (halves.state_dict(), loaded):
        assert all(torch.equal(value, network[name]) for name, value in whole.state_dict().items())


def test_what_is_no_small_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no small encoder"):
        open_encoder("small-labels", tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(b"PK no checkpoint")
    with pytest.raises(ConfigError, match="holds no small encoder"):
        open_encoder("small-labels", tmp_path)
    with pytest.raises(ConfigError, match="name the folder of its run"):
        open_encoder("small-codec")
    with pytest.raises(ConfigError, match="there is no encoder 'none'"):
        open_encoder("none")


def test_a_run_that_cannot_go_on_says_why(tmp_path: Path) -> None:
    def losses(step: int) -> NoReturn:
        raise AssertionError("nothing may be learned")

    labels = new_network(SmallConfig("labels", TINY))
    save(labels, torch.optim.AdamW(labels.parameters()), tmp_path, 3)
    with pytest.raises(ConfigError, match="holds another encoder"):
        train(new_network(SmallConfig("codec", TINY)), losses, tmp_path, 5, 1e-3)
    whole = (tmp_path / "checkpoint.pt").read_bytes()
    (tmp_path / "checkpoint.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="damaged"):
        train(new_network(SmallConfig("labels", TINY)), losses, tmp_path, 5, 1e-3)


def test_a_loss_that_is_no_number_is_not_learned(tmp_path: Path) -> None:
    network = new_network(SmallConfig("labels", TINY))
    broken = torch.tensor(float("nan"), requires_grad=True)
    with pytest.raises(ConfigError, match=r"the loss \(total\) of batch 0 is no number"):
        train(network, lambda step: {"total": broken}, tmp_path, 5, 1e-3)
    assert not (tmp_path / "checkpoint.pt").exists()
