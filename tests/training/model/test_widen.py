"""A wider encoder does what the narrow one did, and can learn what that could not."""

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire_training.model.encoder import Encoder, EncoderConfig
from facewire_training.model.frontend import HOP
from facewire_training.model.widen import widened


def encoder(width: int, seed: int) -> Encoder:
    torch.manual_seed(seed)
    return Encoder(EncoderConfig(channels=12, width=width))


def named(model: Encoder) -> dict[str, Any]:
    return {f"encoder.{name}": value for name, value in model.state_dict().items()}


def test_the_wider_one_says_the_same_and_its_new_units_learn() -> None:
    narrow, wide = encoder(8, seed=1), encoder(13, seed=2)
    grown = widened(named(narrow), named(wide))
    wide.load_state_dict({name.removeprefix("encoder."): w for name, w in grown.items()})
    samples = torch.randn(2, 30 * HOP) * 0.1
    said, loud, *_ = narrow(samples, *narrow.past(2))
    same, as_loud, *_ = wide(samples, *wide.past(2))
    torch.testing.assert_close(same, said, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(as_loud, loud, atol=1e-6, rtol=1e-5)
    same.square().sum().backward()
    heard_by_head = wide.head.weight.grad
    assert heard_by_head is not None
    assert heard_by_head[:, 8:].abs().max() > 0


def test_nothing_is_made_narrower() -> None:
    with pytest.raises(ValueError, match="cannot become"):
        widened(named(encoder(13, seed=1)), named(encoder(8, seed=2)))
