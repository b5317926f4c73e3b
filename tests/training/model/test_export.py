"""What an export changes of a run: how sure it is, and nothing else."""

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from facewire_training.model.encoder import Encoder, EncoderConfig
from facewire_training.model.export import sharpen
from facewire_training.model.frontend import HOP


def test_probabilities_are_raised_to_the_power_and_effort_stays() -> None:
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig(bands=12, channels=8, kernel=3, width=16, layers=2)).eval()
    samples = torch.randn(2, 8 * HOP) * 0.1
    with torch.no_grad():
        scores, effort, *_ = encoder(samples, *encoder.past(2))
        sharpen(encoder, 1.5)
        surer, same, *_ = encoder(samples, *encoder.past(2))
    raised = scores.softmax(-1) ** 1.5
    torch.testing.assert_close(surer.softmax(-1), raised / raised.sum(-1, keepdim=True))
    torch.testing.assert_close(same, effort, atol=0, rtol=0)
    assert surer.softmax(-1).amax(-1).mean() > scores.softmax(-1).amax(-1).mean()
