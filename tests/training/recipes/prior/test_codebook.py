"""Codebooks: the nearest code is chosen, codes follow what they code, and dead ones come back."""

import math

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire_training.recipes.prior.codebook import Codebook, perplexity


def test_each_group_picks_its_own_nearest_code() -> None:
    torch.manual_seed(0)
    codebook = Codebook(3, 16, 4).eval()
    ids = torch.randint(16, (2, 5, 3))
    beside = codebook.vectors(ids) + 0.01 * torch.randn(2, 5, 12)
    torch.testing.assert_close(codebook.nearest(beside), ids)


def test_expected_codes_are_means_by_their_shares() -> None:
    codebook = Codebook(2, 4, 3).eval()
    ids = torch.randint(4, (2, 6, 2))
    certain = torch.nn.functional.one_hot(ids, 4).float()
    torch.testing.assert_close(codebook.expected(certain), codebook.vectors(ids))
    half = codebook.expected(torch.full((1, 1, 2, 4), 0.25))[0, 0]
    torch.testing.assert_close(half, codebook.codes.mean(1).flatten())


def test_the_gradient_passes_the_codes_by() -> None:
    codebook = Codebook(2, 8, 3)
    latents = torch.randn(2, 5, 6, requires_grad=True)
    quantised, _, _ = codebook(latents)
    quantised.sum().backward()
    assert latents.grad is not None
    torch.testing.assert_close(latents.grad, torch.ones_like(latents))


def test_all_codes_come_to_be_used_where_all_began_far_away() -> None:
    torch.manual_seed(1)
    codebook = Codebook(1, 24, 2).train()
    codebook.codes.add_(50)
    codebook.sums.add_(50)
    corners = torch.tensor([[x, y] for x in (-1.0, 1.0) for y in (-1, 0, 1, 2)])
    for _ in range(300):
        chosen = corners[torch.randint(8, (1, 64))] + 0.02 * torch.randn(1, 64, 2)
        codebook(chosen)
    _, ids, away = codebook.eval()(corners[None])
    assert len(ids.unique()) == 8  # each corner has one of its own
    assert float(away) < 0.01


def test_perplexity_is_the_number_of_codes_where_all_are_used_evenly() -> None:
    ids = torch.arange(12).repeat(5)[:, None]
    used, share = perplexity(ids, 24)
    assert math.isclose(used, 12, rel_tol=1e-6)
    assert share == 0.5
