"""A published model comes back as the run that it was."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from facewire_engines.backends.onnx_graph import load_onnxruntime
from facewire_engines.model_files import EMBEDDED_MODELS
from facewire_engines.phones.geometry import HOP
from facewire_training.model.export import export_decoder, export_encoder, load_run
from facewire_training.model.restore import restore

Floats = NDArray[np.float32]

EMBEDDED = EMBEDDED_MODELS / "phones"


def some(name: str, shape: list[int | str]) -> Floats:
    """Return random values of a shape whose named axes are free."""
    sizes = [one if isinstance(one, int) else {"samples": 3 * HOP}.get(one, 2) for one in shape]
    return np.random.default_rng(len(name)).normal(0, 0.1, sizes).astype(np.float32)


@pytest.mark.filterwarnings("ignore")  # what torch says of its own exporter
def test_the_embedded_model_is_restored_to_the_bit(tmp_path: Path) -> None:
    restore(EMBEDDED, tmp_path)
    encoder, decoder = load_run(tmp_path)
    for name, content in (
        ("encoder.onnx", export_encoder(encoder).content),
        ("decoder.onnx", export_decoder(decoder).content),
    ):
        ours, theirs = (
            load_onnxruntime().InferenceSession(c)
            for c in (content, (EMBEDDED / name).read_bytes())
        )
        feeds = {one.name: some(one.name, one.shape) for one in theirs.get_inputs()}
        for left, right in zip(ours.run(None, feeds), theirs.run(None, feeds), strict=True):
            np.testing.assert_array_equal(left, right)
    with torch.no_grad():
        scores, *_ = encoder(torch.zeros(1, 4 * HOP), *encoder.past(1))
    assert scores.shape[:2] == (1, 4)
    assert "facewire_training.model.train" in (tmp_path / "command.txt").read_text()
