"""Two networks for one face: each learns its own shapes, and that the other's rest."""

from fractions import Fraction

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from torch import Generator, Tensor, nn

from facewire import arkit
from facewire_training.recipes.tokens_to_faces.decoders.decoder import FaceBatch, Speech
from facewire_training.recipes.tokens_to_faces.decoders.two_regions import TwoRegions


class Told(nn.Module):
    """Says one face, and keeps what it is told to learn."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value
        self.learned: list[FaceBatch] = []

    def losses(self, batch: FaceBatch, generator: Generator) -> dict[str, Tensor]:
        self.learned.append(batch)
        return {"total": torch.tensor(self.value)}

    def faces(self, speech: Speech, frames: int, generator: Generator) -> Tensor:
        told: Tensor = torch.full((1, frames, 52), self.value)
        return told


def test_each_learns_its_own_and_that_the_other_rests() -> None:
    mouth, rest = Told(1.0), Told(2.0)
    both = TwoRegions(mouth, rest)
    trust = torch.ones(1, 6, 52)
    trust[0, 4:] = 0
    trust[0, :, arkit.INDEX["browInnerUp"]] = 0
    speech = Speech(torch.zeros(1, 5, 1, dtype=torch.int64), torch.tensor([5]))
    batch = FaceBatch(speech, torch.full((1, 6, 52), 0.5), trust, torch.tensor([4]), Fraction(30))
    parts = both.losses(batch, Generator())
    assert {name: float(value) for name, value in parts.items()} == {
        "mouth_total": 1, "rest_total": 2, "total": 3,
    }  # fmt: skip
    (of_mouth,), (of_rest,) = mouth.learned, rest.learned
    jaw, tongue, brow, blink = (
        arkit.INDEX[name] for name in ("jawOpen", "tongueOut", "browInnerUp", "eyeBlinkLeft")
    )
    assert of_mouth.faces[0, 0, [jaw, tongue, brow, blink]].tolist() == [0.5, 0.5, 0, 0]
    assert of_rest.faces[0, 0, [jaw, tongue, brow, blink]].tolist() == [0, 0, 0.5, 0.5]
    # That a shape rests is known, even where its face is not; past the end nothing is.
    assert of_mouth.trust[0, :4].all()
    assert of_rest.trust[0, 0, brow] == 0
    assert not of_mouth.trust[0, 4:].any()
    assert not of_rest.trust[0, 4:].any()
    told = both.faces(speech, 6, Generator())
    assert bool((told == 3).all())


def test_the_regions_are_those_of_the_paper() -> None:
    both = TwoRegions(Told(0), Told(0))
    shapes = both.mouth_shapes
    names = {name for name, mouth in zip(arkit.NAMES, shapes.tolist(), strict=True) if mouth}
    assert len(names) == 28
    assert all(name.startswith(("jaw", "mouth", "tongue")) for name in names)
