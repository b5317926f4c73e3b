import json
import os
from importlib import resources
from pathlib import Path

import pytest
import torch
from torch import Tensor

from facewire import arkit
from facewire_training.recipes.perception.contours import CONTOURS, load_contours
from facewire_training.recipes.perception.make_mouth_contours import make_table
from facewire_training.recipes.perception.renderer import SIZE, USUAL_LOOK, MouthRenderer

DATA = Path(os.environ.get("FACEWIRE_DATA", Path(__file__).parents[5] / "shared" / "data"))
DARK, WHITE = 0.12, 0.55


def face(**weights: float) -> Tensor:
    """Return 52 weights; a name without its side moves both."""
    found = torch.zeros(arkit.COUNT)
    for name, value in weights.items():
        for full in (name, f"{name}Left", f"{name}Right"):
            if full in arkit.INDEX:
                found[arkit.INDEX[full]] = value
    return found


def drawn(**weights: float) -> Tensor:
    """Return the picture of a face, [96, 96]."""
    picture: Tensor = MouthRenderer()(face(**weights))
    return picture


def dark_pixels(picture: Tensor) -> int:
    return int((picture < DARK).sum())


def white_pixels(picture: Tensor) -> int:
    """Count what is lighter than lips, above the chin and below the upper lip's edge."""
    return int((picture[30:66, 24:72] > WHITE + 0.1).sum())


def test_pictures_have_the_shape_of_the_batch_and_are_grey() -> None:
    pictures = MouthRenderer()(torch.rand(2, 3, arkit.COUNT))
    assert pictures.shape == (2, 3, SIZE, SIZE)
    assert pictures.min() >= 0
    assert pictures.max() <= 1


def test_a_jaw_that_opens_shows_more_of_the_dark_inside() -> None:
    counts = [dark_pixels(drawn(jawOpen=jaw)) for jaw in (0.0, 0.1, 0.2, 0.4, 0.7, 1.0)]
    assert counts == sorted(set(counts))
    assert counts[0] < 20 < counts[2]


def test_lips_that_meet_hide_the_inside_whatever_the_jaw_does() -> None:
    assert dark_pixels(drawn(jawOpen=0.3)) > 100
    assert dark_pixels(drawn(jawOpen=0.3, mouthClose=0.3)) == 0


def test_lips_that_part_show_teeth_and_those_that_meet_do_not() -> None:
    smile = {"mouthSmile": 0.6, "mouthUpperUp": 0.3, "mouthLowerDown": 0.4, "jawOpen": 0.1}
    assert white_pixels(drawn(**smile)) > 30
    assert white_pixels(drawn(mouthSmile=0.6)) == 0


def test_lower_teeth_go_with_the_jaw() -> None:
    contours = load_contours()
    jaw = arkit.INDEX["jawOpen"]
    assert contours["lower_teeth"].moves[jaw, :, 1].max() < -10
    assert not contours["upper_teeth"].moves.any()


def test_the_tongue_is_seen_as_far_as_it_is_out() -> None:
    opened = {"jawOpen": 0.3, "mouthLowerDown": 0.2}
    without = drawn(**opened)
    seen = [float((drawn(**opened, tongueOut=out) - without).abs().sum()) for out in (0.1, 0.3, 1)]
    assert 30 < seen[0] < seen[1] < seen[2]
    closed = drawn(tongueOut=0.6) - drawn()
    assert float(closed.abs().sum()) < 0.2 * seen[1]


def test_round_lips_are_narrower_and_spread_ones_wider() -> None:
    def width(picture: Tensor) -> int:
        lips = (picture < 0.5).any(dim=0)
        return int(lips.sum())

    assert width(drawn(mouthPucker=0.7)) < width(drawn()) - 4
    assert width(drawn(mouthStretch=0.7)) > width(drawn()) + 3


def test_the_lower_lip_of_f_is_thinner_than_that_of_an_open_mouth() -> None:
    def lower_lip(picture: Tensor) -> int:
        return int((picture[48:, SIZE // 2] - 0.40).abs().lt(0.02).sum())

    assert lower_lip(drawn(mouthRollLower=0.8)) < lower_lip(drawn())


def test_gradients_are_those_of_finite_differences() -> None:
    renderer = MouthRenderer(48).double()
    generator = torch.Generator().manual_seed(3)
    weights = 0.05 + 0.4 * torch.rand(1, arkit.COUNT, generator=generator, dtype=torch.float64)
    mask = torch.randn(48, 48, generator=generator, dtype=torch.float64)

    def value(at: Tensor) -> Tensor:
        total: Tensor = (renderer(at) * mask).sum()
        return total

    weights.requires_grad_()
    (found,) = torch.autograd.grad(value(weights), weights)
    step = 1e-6
    for shape in range(arkit.COUNT):
        moved = torch.zeros_like(weights)
        moved[0, shape] = step
        with torch.no_grad():
            slope = (value(weights + moved) - value(weights - moved)) / (2 * step)
        assert float(found[0, shape]) == pytest.approx(float(slope), rel=1e-4, abs=1e-4)


def test_what_cannot_be_seen_has_no_gradient_and_what_can_has_one() -> None:
    weights = torch.full((1, arkit.COUNT), 0.2, requires_grad=True)
    MouthRenderer()(weights).square().sum().backward()
    assert weights.grad is not None
    moved = {name for name, slope in zip(arkit.NAMES, weights.grad[0], strict=True) if slope != 0}
    assert {"jawOpen", "mouthClose", "mouthPucker", "tongueOut", "mouthRollLower"} <= moved
    assert not any(name.startswith(("eye", "brow")) for name in moved)


def test_closed_lips_can_be_opened_by_a_gradient() -> None:
    weights = face(jawOpen=0.2, mouthClose=0.2).requires_grad_()
    wanted = drawn(jawOpen=0.3)
    (MouthRenderer()(weights) - wanted).square().sum().backward()
    assert weights.grad is not None
    assert weights.grad[arkit.INDEX["mouthClose"]] > 0 > weights.grad[arkit.INDEX["jawOpen"]]


def test_another_look_is_drawn_elsewhere_and_in_other_greys() -> None:
    look = torch.tensor(USUAL_LOOK)
    look[0], look[5] = 0.3, 8.0
    other = MouthRenderer()(face(jawOpen=0.3), look)
    assert float(other[0, 0]) == pytest.approx(0.3)
    dark = (other < DARK).float().sum(0)
    usual = (drawn(jawOpen=0.3) < DARK).float().sum(0)
    columns = torch.arange(float(SIZE))
    moved = (dark @ columns) / dark.sum() - (usual @ columns) / usual.sum()
    assert float(moved) == pytest.approx(8 * SIZE / 84, abs=0.5)


@pytest.mark.skipif(
    not (DATA / "ict_facekit").is_dir(), reason="needs ict_facekit/ in FACEWIRE_DATA"
)
def test_the_face_model_gives_the_contours_again() -> None:
    file = resources.files("facewire_training.recipes.perception") / "mouth_contours.json"
    made = json.loads(json.dumps(make_table(DATA / "ict_facekit")))
    assert made == json.loads(file.read_text())
    assert set(made["contours"]) == set(CONTOURS)
