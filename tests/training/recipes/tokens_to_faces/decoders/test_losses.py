"""What a face costs, counted by hand; and that nothing past the end, or unknown, counts."""

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire_training.recipes.tokens_to_faces.decoders.losses import MotionLoss


def test_the_parts_are_those_of_the_paper() -> None:
    said = torch.zeros(1, 4, 52)
    said[0, :, 0] = torch.tensor([0.0, 1.0, 0.0, 0.0])
    truth, trust = torch.zeros(1, 4, 52), torch.zeros(1, 4, 52)
    trust[..., 0] = 1
    parts = MotionLoss()(said, truth, trust)
    assert float(parts["weights"]) == pytest.approx(1 / 4)
    assert float(parts["velocity"]) == pytest.approx((1 + 1 + 0) / 3)
    assert float(parts["smoothness"]) == pytest.approx((2**2 + 1) / 2)
    assert float(parts["total"]) == pytest.approx(1 / 4 + 0.3 * 2 / 3 + 0.05 * 5 / 2)


@pytest.mark.parametrize("error", ["l1", "huber"])
def test_padding_and_what_nobody_knows_change_nothing(error: str) -> None:
    drawn = torch.Generator().manual_seed(0)
    truth = torch.rand(3, 20, 52, generator=drawn)
    said = torch.rand(3, 20, 52, generator=drawn)
    trust = torch.ones(3, 20, 52)
    trust[1, 12:] = 0
    trust[2, :, 10:30] = 0
    loss = MotionLoss(error=error)  # type: ignore[arg-type] # one of its two
    parts = loss(said, truth, trust)
    other_truth = truth.where(trust > 0, float("nan"))
    other = said.where(trust > 0, 1e3).requires_grad_()
    for padding in (0, 7):
        more = [torch.nn.functional.pad(x, (0, 0, 0, padding)) for x in (other, other_truth, trust)]
        again = loss(*more)
        for name, value in parts.items():
            torch.testing.assert_close(again[name], value)
    again["total"].backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    assert other.grad is not None
    assert not other.grad[trust == 0].any()
    assert bool(other.grad[trust > 0].isfinite().all())


def test_half_batches_have_the_loss_of_the_whole_between_them() -> None:
    drawn = torch.Generator().manual_seed(0)
    truth, said = torch.rand(2, 4, 9, 52, generator=drawn)
    trust = (torch.rand(4, 9, 52, generator=drawn) < 0.6).float()
    trust[1, 4:] = 0
    whole = MotionLoss()(said, truth, trust)
    halves = [MotionLoss()(said[k::2], truth[k::2], trust[k::2]) for k in range(2)]
    for name, value in whole.items():
        torch.testing.assert_close((halves[0][name] + halves[1][name]) / 2, value)


def test_a_batch_of_which_nothing_is_known_costs_nothing_but_stays_a_number() -> None:
    said = torch.rand(2, 5, 52, requires_grad=True)
    total = MotionLoss()(said, torch.zeros(2, 5, 52), torch.zeros(2, 5, 52))["total"]
    total.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
    assert float(total.detach()) == 0
    assert said.grad is not None
    assert not said.grad.any()
