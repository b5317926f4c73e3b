"""Targets belong to the audio and the phones that they were made of."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="install scipy: pip install scipy")

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.shards import Shard, load_one, write
from facewire_training.data.targets import (
    load_targets,
    make_targets,
    rules_fingerprint,
    save_targets,
)
from facewire_training.phones import PhoneInterval
from facewire_training.recipes.cosyvoice.token_shards import fits as tokens_fit
from facewire_training.recipes.cosyvoice.token_shards import load_tokens
from facewire_training.recipes.cosyvoice.token_shards import write as write_tokens


def spoken(seed: int, label: str = "aa") -> Utterance:
    samples = (0.1 * np.random.default_rng(seed).standard_normal(8_000)).astype(np.float32)
    phones = (
        PhoneInterval(0.0, 0.2, INDEX["sil"]),
        PhoneInterval(0.2, 0.5, INDEX[label]),
    )
    return Utterance("u", samples, phones, "s", "made")


def shard_of(folder: Path, utterance: Utterance) -> Shard:
    return write(folder / "made", [utterance], {"seed": 0})


def test_targets_come_back_as_they_were_saved(tmp_path: Path) -> None:
    shard = shard_of(tmp_path, spoken(1))
    targets = make_targets(shard)
    some = np.array(targets.known)
    some[3:, 5] = False
    save_targets(tmp_path, shard, replace(targets, known=some))
    save_targets(tmp_path, shard, targets)
    found = load_targets(tmp_path, load_one(tmp_path / "made"))
    np.testing.assert_array_equal(found.curves, targets.curves)
    np.testing.assert_array_equal(found.effort, targets.effort)
    assert found.known.all()


@pytest.mark.parametrize("other", [spoken(2), spoken(1, "m")], ids=["audio", "phones"])
def test_targets_of_other_content_are_refused(tmp_path: Path, other: Utterance) -> None:
    shard = shard_of(tmp_path, spoken(1))
    save_targets(tmp_path, shard, make_targets(shard))
    anew = shard_of(tmp_path, other)
    with pytest.raises(ConfigError, match="targets again"):
        load_targets(tmp_path, anew)


def test_targets_by_other_rules_are_refused(tmp_path: Path) -> None:
    shard = shard_of(tmp_path, spoken(1))
    save_targets(tmp_path, shard, make_targets(shard))
    origin = tmp_path / "made.targets.json"
    kept = json.loads(origin.read_text())
    assert kept["rules"] == rules_fingerprint()
    origin.write_text(json.dumps(kept | {"rules": "of another day"}))
    with pytest.raises(ConfigError, match="targets again"):
        load_targets(tmp_path, shard)


def test_rules_that_make_other_faces_have_another_fingerprint() -> None:
    """In a process of its own, whose rules open the jaw a little less on one phone."""
    program = """
import dataclasses
from facewire_training.animation import procedural
from facewire_training.data.targets import rules_fingerprint
told = procedural.load_targets()
other = told.target.copy()
other[1, 0] *= float({factor})
procedural.load_targets = lambda: dataclasses.replace(told, target=other)
print(rules_fingerprint())
"""
    same, changed = (
        subprocess.run(
            [sys.executable, "-c", program.replace("{factor}", factor)],
            capture_output=True, text=True, timeout=100, check=True,
        ).stdout.strip()
        for factor in ("1.0", "0.8")
    )  # fmt: skip
    assert same == rules_fingerprint() != changed


def test_targets_are_made_anew_for_other_content(tmp_path: Path) -> None:
    shard = shard_of(tmp_path, spoken(1))
    save_targets(tmp_path, shard, make_targets(shard))
    anew = shard_of(tmp_path, spoken(1, "m"))
    command = [sys.executable, "-m", "facewire_training.data.targets", "--corpus", str(tmp_path)]
    for said in ("", "there already"):
        result = subprocess.run(command, capture_output=True, text=True, timeout=100)
        assert result.returncode == 0, result.stderr
        assert said in result.stdout
    np.testing.assert_array_equal(load_targets(tmp_path, anew).curves, make_targets(anew).curves)


def test_tokens_of_other_content_are_refused(tmp_path: Path) -> None:
    shard = shard_of(tmp_path, spoken(1))
    path = tmp_path / "tokens" / "made.npz"
    made = write_tokens(path, shard, "space", 0, lambda shard, index: np.arange(12, dtype=np.int32))
    np.testing.assert_array_equal(load_tokens(path.parent, shard).ids, made.ids)
    anew = shard_of(tmp_path, spoken(2))
    assert not tokens_fit(path, anew)
    with pytest.raises(ConfigError, match="as it is now"):
        load_tokens(path.parent, anew)
