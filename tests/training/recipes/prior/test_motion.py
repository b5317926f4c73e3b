"""Motion at the moments of rows: captured where it was seen, the embedded model's elsewhere."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire import arkit
from facewire_engines.phones.engine import load_embedded
from facewire_training.bundled_speech import bundled_speech
from facewire_training.data import shards
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.targets import ShardTargets
from facewire_training.recipes.prior.motion import FILLED, first_rows, make_motion
from facewire_training.speech_encoders.phone_rows import AHEAD_MS, load_phone_rows

JAW, SMILE = arkit.INDEX["jawOpen"], arkit.INDEX["mouthSmileLeft"]


def test_faces_stand_at_the_moments_of_rows_and_gaps_are_filled(tmp_path: Path) -> None:
    samples = bundled_speech()[: 3 * 16_000].numpy()
    said = [Utterance(name, samples, (), "who", "grid") for name in ("one", "two")]
    shard = shards.write(tmp_path / "grid", said, {}, uncovered=shards.UNKNOWN)
    tokens = len(shard.labels)
    curves = np.zeros((tokens, arkit.COUNT), np.float16)
    # The weight tells the time: a token of each utterance stands at its middle.
    curves[:, JAW] = (np.arange(tokens) % (tokens // 2) + 0.5) / 1000
    known = np.zeros((tokens, arkit.COUNT), np.bool_)
    known[:, JAW] = True
    targets = ShardTargets(np.zeros(tokens, np.float16), curves, known)
    motion = make_motion(shard, targets, load_phone_rows(), load_embedded(), every=1)
    assert motion.style == "grid"
    assert motion.starts.tolist() == [0, 100, 200]
    ends_s = (np.arange(100) + 1) * 0.03
    expected = np.maximum(ends_s - AHEAD_MS / 1000, 0.005) / 10
    np.testing.assert_allclose(motion.faces[:100, JAW], expected, atol=2e-4)
    np.testing.assert_array_equal(motion.faces[:100], motion.faces[100:])
    assert (motion.trust[:, JAW] == 1).all()
    np.testing.assert_allclose(motion.trust[:, SMILE], FILLED, atol=1e-3)
    assert motion.faces.astype(np.float32).std(axis=0).astype(bool).sum() > 10
    only = make_motion(shard, targets, load_phone_rows(), load_embedded(), every=2)
    assert only.starts.tolist() == [0, 100]


def test_the_first_rows_end_in_the_middle_of_an_utterance() -> None:
    from tests.training.recipes.prior.test_training import spoken

    motion = first_rows(spoken("grid", 0.2, 1), 50)
    assert len(motion.rows) == len(motion.faces) == 50
    assert motion.starts.tolist() == [0, 50]
