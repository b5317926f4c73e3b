"""The loss of the encoder: gradient where something is known, and none where nothing is."""

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from torch import Tensor

from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_training.data.shards import UNKNOWN
from facewire_training.model.encoder import HINDSIGHT, hindsight_targets
from facewire_training.model.losses import PhoneLoss

T = 40


def scores(seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    given: Tensor = torch.randn(
        2, T, HINDSIGHT, len(PHONES), generator=generator, requires_grad=True
    )
    return given


def labels(seed: int = 1) -> Tensor:
    said: Tensor = torch.randint(len(PHONES), (2, T), generator=torch.Generator().manual_seed(seed))
    return said


def one_hot(said: Tensor) -> Tensor:
    certain: Tensor = torch.nn.functional.one_hot(said, len(PHONES)).float()
    return certain


def gradient(loss: PhoneLoss, said: Tensor, soft: Tensor | None = None) -> Tensor:
    given = scores()
    loss(given, said, soft).backward()
    assert given.grad is not None
    return given.grad


def test_it_is_cross_entropy_where_nobody_teaches() -> None:
    given, said = scores(), labels()
    expected = torch.nn.functional.cross_entropy(
        given[:, HINDSIGHT:].flatten(0, 2), hindsight_targets(said)[:, HINDSIGHT:].flatten()
    )
    torch.testing.assert_close(PhoneLoss(1.0, 0.6)(given, said), expected)


def test_a_teacher_who_is_certain_of_the_labels_changes_nothing() -> None:
    given, said = scores(), labels()
    loss = PhoneLoss(1.4, 0.6)
    torch.testing.assert_close(loss(given, said, one_hot(said)), loss(given, said))


def test_what_nobody_knows_gets_no_gradient_at_any_hindsight() -> None:
    said = labels()
    said[:, 25:28] = UNKNOWN
    soft = one_hot(labels(2))
    soft[:, 25:28] = 0
    for taught in (None, soft):
        found = gradient(PhoneLoss(1.4, 0.6), said, taught)
        of = hindsight_targets(torch.arange(T)[None].expand(2, -1), fill=-1)
        lost = (of >= 25) & (of < 28)
        assert not found[lost].any()
        settled = torch.zeros_like(lost)
        settled[:, HINDSIGHT:] = True
        assert (found[settled & ~lost].abs().sum(-1) > 0).all()
        assert not found[~settled].any()


def test_the_teacher_teaches_where_there_is_no_label() -> None:
    said, soft = torch.full((2, T), UNKNOWN), one_hot(labels(2)) * 0.7 + 0.3 / len(PHONES)
    found = gradient(PhoneLoss(1.0, 0.6), said, soft)
    wanted = (scores().softmax(-1) - hindsight_soft(soft))[:, HINDSIGHT:]
    torch.testing.assert_close(found[:, HINDSIGHT:], wanted / wanted[..., 0].numel())


def test_labels_teach_where_the_teacher_does_not_know() -> None:
    said = labels()
    loss = PhoneLoss(1.4, 0.6)
    nothing = torch.zeros(2, T, len(PHONES))
    torch.testing.assert_close(gradient(loss, said, nothing), gradient(loss, said))


def test_the_least_loss_is_between_label_and_teacher() -> None:
    said = torch.full((1, T), INDEX["aa"])
    soft = one_hot(torch.full((1, T), INDEX["ao"]))
    loss = PhoneLoss(1.4, 0.75)
    best = torch.full((1, T, HINDSIGHT, len(PHONES)), -30.0)
    best[..., INDEX["aa"]], best[..., INDEX["ao"]] = (
        float(torch.tensor(0.25).log()),
        float(torch.tensor(0.75).log()),
    )
    best.requires_grad_()
    loss(best, said, soft).backward()
    assert best.grad is not None
    assert best.grad.abs().max() < 1e-7


def test_closing_phones_count_more() -> None:
    said = torch.full((1, T), INDEX["aa"])
    said[:, 30] = INDEX["m"]
    found = gradient_of(said).abs().sum(-1)
    of = hindsight_targets(torch.arange(T)[None], fill=-1)
    ratio = found[of == 30].mean() / found[(of >= 20) & (of != 30)].mean()
    assert ratio.item() == pytest.approx(1.4, rel=1e-4)


def gradient_of(said: Tensor) -> Tensor:
    flat = torch.zeros(1, T, HINDSIGHT, len(PHONES), requires_grad=True)
    PhoneLoss(1.4, 0.6)(flat, said).backward()
    assert flat.grad is not None
    found: Tensor = flat.grad
    return found


def hindsight_soft(soft: Tensor) -> Tensor:
    """Spread over hindsight by shifting, one age at a time."""
    rows = torch.stack([torch.roll(soft, age, dims=1) for age in range(HINDSIGHT)], dim=2)
    spread: Tensor = rows
    return spread
