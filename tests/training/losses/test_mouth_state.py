"""What the mouth-state loss stresses, on the mesh and in weights, and that it stays an option."""

import json
import os
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

import torch

from facewire import arkit
from facewire.face.lips import lip_gap
from facewire_training.evaluation.metrics.errors.lip_mesh import load_lip_mesh
from facewire_training.losses.make_lip_gram import make_gram
from facewire_training.losses.mouth_state import (
    FILE,
    OPEN,
    lip_gram,
    mouth_state_loss,
    state_weight,
)
from facewire_training.model.losses import FaceLoss, LossConfig
from facewire_training.recipes.tokens_to_faces.decoders.losses import MotionLoss

DATA = Path(os.environ.get("FACEWIRE_DATA", Path(__file__).parents[4] / "shared" / "data"))
JAW, BROW = arkit.INDEX["jawOpen"], arkit.INDEX["browInnerUp"]


def faces(jaw: float, brow: float = 0.0) -> torch.Tensor:
    weights = torch.zeros(1, 3, arkit.COUNT)
    weights[..., JAW], weights[..., BROW] = jaw, brow
    return weights


def test_shut_and_wide_open_mouths_weigh_most() -> None:
    jaws = torch.tensor([0.0, OPEN / 4, OPEN / 2, 3 * OPEN / 4, OPEN, 1.0])
    truth = torch.zeros(len(jaws), arkit.COUNT)
    truth[:, JAW] = jaws
    np.testing.assert_allclose(lip_gap(truth.numpy()), jaws, atol=1e-4)
    weight = state_weight(truth)
    expected = torch.tensor([0.85, 0.2875, 0.1, 0.2875, 0.85, 0.85])
    torch.testing.assert_close(weight, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("mesh", [True, False])
def test_the_same_error_costs_most_at_shut_and_wide_open_mouths(mesh: bool) -> None:
    shut, half, wide = (
        float(mouth_state_loss(faces(jaw + 0.1), faces(jaw), mesh=mesh))
        for jaw in (0.0, OPEN / 2, 0.5)
    )
    assert shut == pytest.approx(8.5 * half, rel=1e-3)
    assert wide == pytest.approx(shut, rel=1e-3)
    assert shut == pytest.approx(0.85 * 0.01, rel=1e-3)  # jawOpen is the unit of both


@pytest.mark.parametrize("mesh", [True, False])
def test_neither_brows_nor_unknown_mouths_count(mesh: bool) -> None:
    assert float(mouth_state_loss(faces(0.2, 0.9), faces(0.2), mesh=mesh)) < 1e-3
    said, unknown = faces(0.4).requires_grad_(), torch.zeros(1, 3, arkit.COUNT)
    nothing = torch.full((1, 3, arkit.COUNT), torch.nan)
    loss = mouth_state_loss(said, nothing, unknown, mesh=mesh)
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0
    assert said.grad is not None
    assert not said.grad.any()


def test_every_recipe_has_it_as_an_option() -> None:
    said, truth = faces(0.3), faces(0.0)
    trust = torch.ones_like(truth)
    plain = FaceLoss(LossConfig())(said, truth)
    without = MotionLoss()(said, truth, trust)["total"]
    for faces_loss, motion_loss, mesh in (
        (LossConfig(mouth_state=2.0), MotionLoss(mouth_state=2.0), False),
        (LossConfig(mouth_state_mesh=2.0), MotionLoss(mouth_state_mesh=2.0), True),
    ):
        added = 2.0 * mouth_state_loss(said, truth, mesh=mesh)
        torch.testing.assert_close(FaceLoss(faces_loss)(said, truth) - plain, added)
        more = motion_loss(said, truth, trust)["total"]
        torch.testing.assert_close(more - without, added)


@pytest.mark.skipif(
    not (DATA / "ict_facekit").is_dir(), reason="needs ict_facekit/ in FACEWIRE_DATA"
)
def test_the_matrix_is_that_of_the_lips_of_the_face_model() -> None:
    file = resources.files("facewire_training.losses") / FILE
    assert make_gram(DATA / "ict_facekit") == json.loads(file.read_text(encoding="utf-8"))
    moves = load_lip_mesh(DATA / "ict_facekit").moves_mm
    error = np.random.default_rng(0).normal(0, 0.2, arkit.COUNT)
    moved = np.tensordot(error, moves, 1)
    mean = (moved**2).sum(-1).mean()
    unit = (moves[JAW] ** 2).sum(-1).mean()
    told = torch.from_numpy(error).float()
    assert float(told @ lip_gram() @ told) == pytest.approx(mean / unit, rel=1e-3)
