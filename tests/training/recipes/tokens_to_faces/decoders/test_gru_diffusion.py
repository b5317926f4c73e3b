"""The GRU that takes noise out: sizes as published, no view of the future but by speech, draws."""

from dataclasses import replace
from fractions import Fraction

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from torch import Tensor, nn

from facewire.errors import ConfigError
from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceBatch, Speech
from facewire_training.recipes.tokens_to_faces.decoders.gru_diffusion import (
    GruDiffusion,
    GruDiffusionConfig,
)
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.speech_encoders.encoder import Representation

IDS = Setting(Representation("ids", "labels", Fraction(25), codebooks=1, vocabulary=6561))
SMALL = GruDiffusionConfig(width=16, condition=8, steps=50)


def speech(lengths: list[int]) -> Speech:
    drawn = torch.Generator().manual_seed(0)
    rows = torch.randint(6561, (len(lengths), max(lengths), 1), generator=drawn)
    return Speech(rows, torch.tensor(lengths))


def woken(config: GruDiffusionConfig = SMALL) -> GruDiffusion:
    """A network whose last layer says something."""
    torch.manual_seed(0)
    network = GruDiffusion(config, IDS).eval()
    torch.nn.init.normal_(network.out.weight)
    return network


def test_the_published_shape() -> None:
    network = GruDiffusion(GruDiffusionConfig(), IDS)
    gru = network.gru
    assert (gru.num_layers, gru.hidden_size, gru.bidirectional, gru.dropout) == (2, 256, False, 0.3)
    assert network.noise.steps == 1000
    assert network.norm.normalized_shape == (512 + 52 + 256,)
    with torch.no_grad():
        condition = network.condition(speech([25]), torch.tensor([30]), 30)
        assert not network(condition, torch.randn(1, 30, 52), torch.tensor([1000])).any()


def test_noise_that_comes_later_changes_no_frame_before() -> None:
    network = woken()
    with torch.no_grad():
        condition = network.condition(speech([25]), torch.tensor([30]), 30)
        x = torch.randn(1, 30, 52)
        told = network(condition, x, torch.tensor([20]))
        x[:, 20:] += 1
        again = network(condition, x, torch.tensor([20]))
        other_step = network(condition, x, torch.tensor([21]))
    torch.testing.assert_close(again[:, :20], told[:, :20])
    assert not torch.allclose(again[:, 20:], told[:, 20:])
    assert not torch.allclose(other_step, again)


@pytest.mark.parametrize("passes", [0, 1, 4])
def test_a_seed_draws_one_face_and_another_seed_another(passes: int) -> None:
    network = woken()
    network.sample_in(passes)
    with torch.no_grad():
        first, again, other = (
            network.faces(speech([25, 10]), 30, torch.Generator().manual_seed(seed))
            for seed in (1, 1, 2)
        )
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)
    assert first.shape == (2, 30, 52)


def test_passes_that_there_are_not_are_refused() -> None:
    with pytest.raises(ConfigError, match="0 to 50 passes, not 51"):
        woken().sample_in(51)


def test_what_is_not_known_teaches_nothing() -> None:
    network = woken()
    faces, trust = torch.rand(2, 30, 52), torch.ones(2, 30, 52)
    trust[0, :, 20:] = 0
    trust[1, 12:] = 0
    lengths = torch.tensor([30, 12])

    def losses(truth: Tensor) -> dict[str, Tensor]:
        batch = FaceBatch(speech([25, 10]), truth, trust, lengths, Fraction(30))
        with torch.no_grad():
            return network.losses(batch, torch.Generator().manual_seed(3))

    told, again = losses(faces), losses(faces.where(trust > 0, 7.0))
    assert told["total"] == again["total"] > 0


def test_features_are_stacked_as_huberts_are() -> None:
    hubert = Setting(Representation("hubert", "semantic", Fraction(50), width=768))
    network = GruDiffusion(replace(SMALL, stacked=2), hubert)
    assert network.embed.features.in_features == 1536
    rows = torch.arange(50.0)[None, :, None].repeat(1, 1, 768)
    heard: list[Tensor] = []

    def listen(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        heard.append(given[0])

    network.embed.register_forward_pre_hook(listen)
    network.condition(Speech(rows, torch.tensor([50])), torch.tensor([30]), 30)
    pairs = heard[0][0, :, ::768]
    torch.testing.assert_close(pairs.flatten(), torch.linspace(0, 49, 60))
    with pytest.raises(ConfigError, match="cannot be stacked"):
        GruDiffusion(replace(SMALL, stacked=2), IDS)
