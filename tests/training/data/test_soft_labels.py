from pathlib import Path

import numpy as np
import pytest

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_training.data.corpora.corpus import Utterance, cover_gaps
from facewire_training.data.shards import Shard, load_one, write
from facewire_training.data.soft_labels import (
    labelled,
    load_soft,
    probabilities,
    quantised,
    save_soft,
)
from facewire_training.phones import PhoneInterval


def tiny(folder: Path, loudness: float = 0.1) -> Shard:
    """Write a shard of two utterances that say m, 30 tokens in all."""
    said = [
        Utterance(
            name,
            np.full(160 * count, loudness, np.float32),
            cover_gaps([PhoneInterval(0.02, 0.06, INDEX["m"])], count / 100),
            "somebody",
            "tiny",
        )
        for name, count in (("a", 10), ("b", 20))
    ]
    return write(folder / "tiny", said, {})


def heard(count: int) -> np.ndarray:
    """Return what somebody finds who is unsure of everything to some degree, [count, 40]."""
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.full(len(PHONES), 0.1), count).astype(np.float32)
    rows[0] = 1 / len(PHONES)
    return rows


def test_what_a_teacher_heard_is_kept_to_half_a_percent(tmp_path: Path) -> None:
    shard, rows = tiny(tmp_path), heard(30)
    assert load_soft(tmp_path, shard) is None
    save_soft(tmp_path, shard, quantised(rows), "whisper")
    soft = load_soft(tmp_path, load_one(tmp_path / "tiny"))
    assert isinstance(soft, np.memmap)
    assert soft.shape == (30, 40)
    back = probabilities(soft[3:20])
    np.testing.assert_allclose(back.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(back, rows[3:20], atol=0.02)
    assert (probabilities(soft[:1]) == np.float32(1 / 40)).all()


def test_what_was_heard_in_other_audio_is_refused(tmp_path: Path) -> None:
    shard = tiny(tmp_path)
    save_soft(tmp_path, shard, quantised(heard(30)), "whisper")
    assert labelled(tmp_path, shard)
    assert labelled(tmp_path, shard, "whisper")
    assert not labelled(tmp_path, shard, "another")
    louder = tiny(tmp_path, 0.2)
    assert not labelled(tmp_path, louder)
    with pytest.raises(ConfigError, match=r"another tiny than there is now; run python -m .*label"):
        load_soft(tmp_path, louder)


def test_a_row_for_every_token_is_needed(tmp_path: Path) -> None:
    shard = tiny(tmp_path)
    with pytest.raises(ValueError, match="29, 40"):
        save_soft(tmp_path, shard, quantised(heard(29)), "whisper")
    assert load_soft(tmp_path, shard) is None
