from fractions import Fraction
from pathlib import Path

import pytest
import torch

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.recipes.perception.auto_avsr import AutoAvsrEyes, load_auto_avsr
from facewire_training.recipes.perception.reader import FILE, LipReader, ReaderConfig, save_reader
from facewire_training.recipes.perception.reading_loss import (
    ReadingLoss,
    at_video_rate,
    load_reads,
)

RATE = Fraction(60)
JAW = arkit.INDEX["jawOpen"]


def reading_loss(front: str = "pictures") -> ReadingLoss:
    torch.manual_seed(0)
    reader = LipReader(ReaderConfig(front, channels=(4, 8), width=16, layers=2))
    return ReadingLoss(reader.eval().requires_grad_(False), RATE)


def test_faces_are_read_at_the_moments_of_video() -> None:
    moving = (torch.arange(61.0) / 60)[None, :, None].expand(1, 61, arkit.COUNT)
    video = at_video_rate(moving, RATE)
    assert video.shape == (1, 26, arkit.COUNT)
    assert torch.allclose(video[0, :, 0], torch.arange(26.0) / 25, atol=1e-6)


@pytest.mark.parametrize("front", ["pictures", "weights"])
def test_the_true_face_costs_nothing_and_another_one_does(front: str) -> None:
    loss, truth = reading_loss(front), 0.3 * torch.rand(2, 30, arkit.COUNT)
    assert float(loss(truth, truth)) == pytest.approx(0.0, abs=1e-5)
    assert float(loss(1 - truth, truth)) > 0.005


@pytest.mark.parametrize("front", ["pictures", "weights"])
def test_a_small_step_against_its_gradient_costs_as_much_less(front: str) -> None:
    loss = reading_loss(front).double()
    truth = torch.zeros(1, 30, arkit.COUNT, dtype=torch.float64)
    truth[:, 10:20, JAW] = 0.5
    raw = (0.1 * torch.rand(1, 30, arkit.COUNT, dtype=torch.float64) + 0.05).requires_grad_()
    value = loss(raw, truth)
    (slope,) = torch.autograd.grad(value, raw)
    step = 1e-4 / float(slope.norm())
    with torch.no_grad():
        less = value - loss(raw - step * slope, truth)
    assert float(less) == pytest.approx(step * float(slope.square().sum()), rel=0.02)


def test_a_weight_below_zero_still_has_a_gradient() -> None:
    loss = reading_loss()
    truth = torch.zeros(1, 20, arkit.COUNT)
    truth[..., JAW] = 0.5
    raw = torch.full((1, 20, arkit.COUNT), -0.05, requires_grad=True)
    loss(raw, truth).backward()
    assert raw.grad is not None
    assert float(raw.grad[..., JAW].abs().sum()) > 0


def test_what_is_not_trusted_costs_nothing() -> None:
    loss = reading_loss()
    truth = torch.rand(1, 20, arkit.COUNT)
    raw = truth.clone()
    raw[..., JAW] = 0.9 - 0.5 * truth[..., JAW]
    trust = torch.ones_like(raw)
    trust[..., JAW] = 0.0
    raw.requires_grad_()
    value = loss(raw, truth, trust)
    value.backward()
    assert float(value.detach()) == pytest.approx(0.0, abs=1e-5)
    assert raw.grad is not None
    assert float(raw.grad[..., JAW].abs().sum()) == 0


def test_the_eyes_of_auto_avsr_have_the_published_shapes_and_names() -> None:
    eyes = AutoAvsrEyes().eval()
    shapes = {name: tuple(weight.shape) for name, weight in eyes.state_dict().items()}
    assert shapes["frontend3D.0.weight"] == (64, 1, 5, 7, 7)
    assert shapes["frontend3D.1.running_mean"] == (64,)
    assert shapes["trunk.layer1.0.conv1.weight"] == (64, 64, 3, 3)
    assert shapes["trunk.layer4.1.bn2.weight"] == (512,)
    assert shapes["trunk.layer2.0.downsample.0.weight"] == (128, 64, 1, 1)
    assert "trunk.layer1.0.downsample.0.weight" not in shapes
    # torchvision's ResNet-18 has 11,689,512: less its first layer (9,536 with its norm) and its
    # last (513,000), and with the 3-D convolution (15,680) and its norm (128).
    assert sum(weight.numel() for weight in eyes.parameters()) == 11_182_784
    with torch.no_grad():
        assert eyes.features(torch.rand(2, 3, arkit.COUNT)).shape == (2, 3, 512)


def test_weights_of_auto_avsr_are_found_within_a_whole_model(tmp_path: Path) -> None:
    eyes = AutoAvsrEyes()
    whole = {f"frontend.{name}": weight for name, weight in eyes.state_dict().items()}
    torch.save({**whole, "proj_encoder.weight": torch.zeros(768, 512)}, tmp_path / "base.pth")
    loaded = load_auto_avsr(tmp_path / "base.pth")
    found = loaded.state_dict()
    assert all(torch.equal(found[name], weight) for name, weight in eyes.state_dict().items())
    assert not any(weight.requires_grad for weight in loaded.parameters())


def test_other_files_are_refused(tmp_path: Path) -> None:
    torch.save({"encoder.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ConfigError, match="holds no front end of Auto-AVSR"):
        load_auto_avsr(tmp_path / "other.pth")
    torch.save({"frontend.frontend3D.0.weight": torch.zeros(2)}, tmp_path / "half.pth")
    with pytest.raises(ConfigError, match="another front end"):
        load_auto_avsr(tmp_path / "half.pth")


def test_a_reader_is_loaded_by_its_folder_or_file(tmp_path: Path) -> None:
    save_reader(LipReader(ReaderConfig("weights", width=16)), tmp_path / FILE)
    assert isinstance(load_reads(tmp_path), LipReader)
    torch.save(AutoAvsrEyes().state_dict(), tmp_path / "eyes.pth")
    assert isinstance(load_reads(tmp_path / "eyes.pth"), AutoAvsrEyes)
