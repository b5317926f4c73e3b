"""Taking noise out of numbers whose distribution is known, where the best answer is a formula."""

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from torch import Generator, Tensor

from facewire_training.recipes.tokens_to_faces.decoders.diffusion_sampling import (
    ancestral,
    clean_of_move,
    cosine_noise,
    ddim,
    even_steps,
    moved,
)

NOISE = cosine_noise(1000)
MEAN, DEVIATION = 0.3, 0.2
SHAPE = (8, 100, 52)


def best(x: Tensor, step: int) -> Tensor:
    """The mean of what normal numbers were, given what they are in noise."""
    kept = NOISE.kept[step]
    share = DEVIATION**2 * kept**0.5 / (kept * DEVIATION**2 + 1 - kept)
    told: Tensor = MEAN + share * (x - kept**0.5 * MEAN)
    return told


def draws(seed: int) -> tuple[Tensor, Generator]:
    generator = Generator().manual_seed(seed)
    return torch.randn(SHAPE, generator=generator), generator


def test_the_schedule_goes_from_signal_to_noise() -> None:
    kept = torch.tensor(NOISE.kept)
    assert NOISE.steps == 1000
    assert bool((kept.diff() < 0).all())
    assert kept[0] == 1
    assert kept[500] == pytest.approx(0.5, abs=0.02)
    assert 0 < kept[1000] < 1e-5


def test_noise_is_mixed_in_at_constant_variance() -> None:
    noise, _ = draws(0)
    faces = torch.full(SHAPE, 2.0)
    noisy = NOISE.add(faces, torch.tensor([0, 1, 250, 500, 600, 750, 999, 1000]), noise)
    assert torch.equal(noisy[0], faces[0])
    for place, step in ((2, 250), (3, 500), (5, 750)):
        kept = NOISE.kept[step]
        assert float(noisy[place].mean()) == pytest.approx(2 * kept**0.5, abs=0.06)
        assert float(noisy[place].std()) == pytest.approx((1 - kept) ** 0.5, abs=0.05)


def test_every_way_finds_the_mean_and_the_long_ones_the_spread() -> None:
    start, generator = draws(1)
    whole = ancestral(best, NOISE, start, lambda: torch.randn(SHAPE, generator=generator))
    assert float(whole.mean()) == pytest.approx(MEAN, abs=0.01)
    assert float(whole.std()) == pytest.approx(DEVIATION, rel=0.05)
    spreads = [0.0]
    for passes in (1, 4, 16, 100):
        told = ddim(best, NOISE, start, even_steps(1000, passes))
        assert float(told.mean()) == pytest.approx(float(whole.mean()), abs=0.02)
        spreads.append(float(told.std()))
    # Few passes say nearly the mean face, which is what such a network is then good at.
    assert spreads == sorted(spreads)
    assert spreads[-1] == pytest.approx(DEVIATION, rel=0.1)


def test_every_step_is_asked_for_once() -> None:
    asked: list[int] = []

    def ask(x: Tensor, step: int) -> Tensor:
        asked.append(step)
        return best(x, step)

    start, generator = draws(2)
    ddim(ask, NOISE, start, even_steps(1000, 4))
    assert asked == [1000, 750, 500, 250]
    asked.clear()
    ancestral(ask, NOISE, start, lambda: torch.randn(SHAPE, generator=generator), skipped=995)
    assert asked == [5, 4, 3, 2, 1]


def test_one_move_can_reach_what_many_did() -> None:
    start, _ = draws(3)
    noisy = NOISE.add(torch.full(SHAPE, MEAN), torch.full((8,), 500), start)
    reached = ddim(best, NOISE, noisy, (500, 450, 400, 350, 300))
    clean = clean_of_move(NOISE, noisy, reached, 500, 300)
    torch.testing.assert_close(moved(NOISE, noisy, clean, 500, 300), reached)
    assert not torch.allclose(clean, best(noisy, 500), atol=1e-3)
