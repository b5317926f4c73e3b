"""Rows become vectors: any representation's, with no id that stands for nothing."""

from fractions import Fraction

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.cosyvoice.tokens import digits
from facewire_training.recipes.tokens_to_faces.decoders.embedding import (
    DigitEmbedding,
    RowEmbedding,
)
from facewire_training.speech_encoders.encoder import Representation

S3 = Representation("s3", "labels", Fraction(25), codebooks=1, vocabulary=6561)
RVQ = Representation("rvq", "semantic-acoustic", Fraction(50), codebooks=8, vocabulary=1024)
FSQ = Representation("fsq", "labels", Fraction(25), codebooks=1, vocabulary=8 * 5 * 5)
BEFORE_ROUNDING = Representation("s3-values", "labels", Fraction(25), width=8)


@pytest.mark.parametrize(
    ("representation", "kind", "levels"),
    [
        (S3, "plain", ()), (S3, "digits", ()), (RVQ, "plain", ()), (FSQ, "digits", (8, 5, 5)),
        (BEFORE_ROUNDING, "plain", ()),
    ],
)  # fmt: skip
def test_every_kind_of_row_becomes_a_vector(
    representation: Representation, kind: str, levels: tuple[int, ...]
) -> None:
    embed = RowEmbedding(representation, 16, kind, levels)  # type: ignore[arg-type] # by name
    if representation.is_ids:
        rows = torch.randint(representation.vocabulary, (2, 5, representation.codebooks))
        rows[0, 0] = 0
        rows[1, 1] = representation.vocabulary - 1
    else:
        rows = torch.randn(2, 5, representation.width)
    told = embed(rows)
    assert told.shape == (2, 5, 16)
    assert bool((told != 0).all())


def test_a_row_of_several_codebooks_is_the_sum_of_their_rows() -> None:
    embed = RowEmbedding(RVQ, 4)
    rows = torch.arange(8)[None, None]
    wanted = torch.stack([embed.tables[k](torch.tensor(k)) for k in range(8)]).sum(0)
    torch.testing.assert_close(embed(rows)[0, 0], wanted)


def test_digits_are_those_of_the_engine_and_of_any_levels() -> None:
    embed = DigitEmbedding((3,) * 8, 4)
    ids = torch.tensor([0, 1, 5000, 6560])
    places = torch.div(ids[:, None], embed.powers, rounding_mode="floor") % embed.levels
    np.testing.assert_array_equal(places, digits(ids.numpy()))
    mixed = DigitEmbedding((8, 5, 5), 4)
    places = torch.div(torch.arange(200)[:, None], mixed.powers, rounding_mode="floor")
    places = places % mixed.levels
    assert len({tuple(row) for row in places.tolist()}) == 200
    assert places.amax(0).tolist() == [7, 4, 4]


def test_ids_that_share_digits_share_what_is_learned() -> None:
    embed = DigitEmbedding((3,) * 8, 4)
    embed(torch.tensor([0])).sum().backward()
    gradient = embed.rows.weight.grad
    assert gradient is not None
    assert gradient.abs().sum(1).nonzero()[:, 0].tolist() == [3 * k for k in range(8)]


def test_a_large_batch_is_embedded_as_a_small_one() -> None:
    embed = DigitEmbedding((8, 5, 5), 4)
    ids = torch.randint(200, (500,))
    torch.testing.assert_close(embed(ids), embed.spoken(ids))


def test_digits_that_nobody_knows_are_asked_for() -> None:
    with pytest.raises(ConfigError, match="nobody knows the digits of the ids of rvq"):
        RowEmbedding(RVQ, 4, "digits")
    with pytest.raises(ConfigError, match="fsq has 200; give its own levels"):
        RowEmbedding(FSQ, 4, "digits", (8, 5, 4))
