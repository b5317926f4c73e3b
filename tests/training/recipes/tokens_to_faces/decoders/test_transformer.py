"""The Transformer: sizes as published, right masks, any length, and learning."""

from dataclasses import replace
from fractions import Fraction

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from torch import Tensor

from facewire_training.recipes.tokens_to_faces.decoders.decoder import Speech
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting, to_frames
from facewire_training.recipes.tokens_to_faces.decoders.transformer import (
    Transformer,
    TransformerConfig,
    positions,
)
from facewire_training.speech_encoders.encoder import Representation

IDS = Setting(Representation("ids", "labels", Fraction(25), codebooks=1, vocabulary=6561))
LEVELS = Setting(
    Representation("rvq", "semantic-acoustic", Fraction(50), codebooks=8, vocabulary=1024)
)
FEATURES = Setting(Representation("hubert", "semantic", Fraction(50), width=768))
SMALL = TransformerConfig(width=32, layers=2, heads=4, feed_forward=64, head=64)


def speech(setting: Setting, lengths: list[int], seed: int = 0) -> Speech:
    drawn = torch.Generator().manual_seed(seed)
    representation, longest = setting.representation, max(lengths)
    if representation.is_ids:
        shape = (len(lengths), longest, representation.codebooks)
        rows = torch.randint(representation.vocabulary, shape, generator=drawn)
    else:
        rows = torch.randn((len(lengths), longest, representation.width), generator=drawn)
    for place, length in enumerate(lengths):
        rows[place, length:] = 0
    return Speech(rows, torch.tensor(lengths))


def faces(network: Transformer, said: Speech, frames: int) -> Tensor:
    with torch.no_grad():
        return network.faces(said, frames, torch.Generator())


def test_the_published_size() -> None:
    network = Transformer(TransformerConfig(), IDS)
    count = sum(weight.numel() for weight in network.parameters())
    layer = network.layers[0]
    assert 28e6 < count < 32e6  # the paper says about 30 million
    assert len(network.layers) == 6
    assert isinstance(layer, torch.nn.TransformerDecoderLayer)
    assert not layer.norm_first
    assert layer.multihead_attn.num_heads == 8
    assert layer.linear1.out_features == 2048
    assert layer.dropout.p == 0.1


def test_layers_begin_apart() -> None:
    network = Transformer(SMALL, IDS)
    first, second = (dict(layer.named_parameters()) for layer in network.layers)
    assert not torch.equal(first["linear1.weight"], second["linear1.weight"])


@pytest.mark.parametrize("setting", [IDS, LEVELS, FEATURES], ids=["ids", "levels", "features"])
def test_padding_and_others_in_the_batch_change_nothing(setting: Setting) -> None:
    network = Transformer(SMALL, setting).eval()
    said = speech(setting, [50, 31, 7])
    together = faces(network, said, 60)
    disturbed = Speech(said.rows.clone(), said.lengths)
    for place, length in enumerate(said.lengths.tolist()):
        disturbed.rows[place, length:] = 5
        alone = Speech(said.rows[place : place + 1, :length], said.lengths[place : place + 1])
        frames = int(setting.frames_of(alone.lengths))
        torch.testing.assert_close(
            faces(network, alone, frames)[0], together[place, :frames], atol=1e-5, rtol=1e-4
        )
    padded = faces(network, disturbed, 90)
    for place, frames in enumerate(setting.frames_of(said.lengths).tolist()):
        torch.testing.assert_close(
            padded[place, :frames], together[place, :frames], atol=1e-5, rtol=1e-4
        )


def test_frames_know_all_of_the_speech_and_the_order_of_it() -> None:
    network = Transformer(SMALL, IDS).eval()
    said = speech(IDS, [50])
    told = faces(network, said, 60)
    later = said.rows.clone()
    later[0, -1] = (later[0, -1] + 1) % 6561
    assert not torch.allclose(faces(network, Speech(later, said.lengths), 60)[0, 0], told[0, 0])
    backwards = Speech(said.rows.flip(1), said.lengths)
    assert not torch.allclose(faces(network, backwards, 60), told, atol=1e-4)


def test_a_face_may_begin_at_rest() -> None:
    said = speech(IDS, [50])
    assert faces(Transformer(SMALL, IDS).eval(), said, 60).any()
    resting = Transformer(replace(SMALL, first_face="rest"), IDS)
    assert not faces(resting, said, 60).any()
    told = resting(said, torch.tensor([60]), 60)
    (told - 1).abs().mean().backward()
    gradient = resting.head[-1].weight.grad
    assert isinstance(gradient, Tensor)
    assert gradient.any()


def test_id_0_says_something() -> None:
    network = Transformer(SMALL, IDS)
    network.embed(torch.zeros(1, 1, 1, dtype=torch.int64)).sum().backward()
    (table,) = network.embed.tables
    gradient = table.weight.grad
    assert isinstance(gradient, Tensor)
    assert bool((gradient[0] != 0).all())


@pytest.mark.parametrize("setting", [IDS, FEATURES], ids=["ids", "features"])
def test_speech_of_any_length_is_decoded_in_windows(setting: Setting) -> None:
    network = Transformer(SMALL, setting).eval()
    rate = int(setting.representation.rate)
    long = speech(setting, [2 * rate * 11, 3])
    told = faces(network, long, 660)
    assert told.shape == (2, 660, 52)
    # 22 s are three windows of 8 s, the last one of 6.
    last = Speech(long.rows[:1, 16 * rate :], torch.tensor([6 * rate]))
    torch.testing.assert_close(faces(network, last, 180)[0], told[0, 480:], atol=1e-5, rtol=1e-4)
    minutes = speech(setting, [180 * rate])
    assert bool(faces(network, minutes, 5400).isfinite().all())


def test_positions_have_no_end_and_agree_in_time() -> None:
    far = positions(torch.tensor([0.0, 1e6]), 8)
    torch.testing.assert_close(far[0], torch.tensor([0.0, 1.0] * 4))
    assert bool(far.isfinite().all())
    network = Transformer(replace(SMALL, positions="time"), IDS)
    # Id 12 is spoken from 0.48 to 0.52 s; frame 15 is at 0.5 s.
    assert float(network._row_positions(torch.zeros(1, 20, 4))[12]) == pytest.approx(15)


def test_rows_are_interpolated_first_on_first_and_last_on_last() -> None:
    rows = torch.arange(10.0)[None, :, None].repeat(2, 1, 1)
    told = to_frames(rows, torch.tensor([10, 4]), torch.tensor([19, 7]), 19)[..., 0]
    torch.testing.assert_close(told[0], torch.arange(19) / 2)
    torch.testing.assert_close(told[1, :7], torch.arange(7) / 2)
    assert bool((told[1, 7:] == 3).all())
    aligned = torch.nn.functional.interpolate(
        rows[:1].transpose(1, 2), 13, mode="linear", align_corners=True
    )[0, 0]
    ours = to_frames(rows[:1], torch.tensor([10]), torch.tensor([13]), 13)[0, :, 0]
    torch.testing.assert_close(ours, aligned)
