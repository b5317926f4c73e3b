"""Encoded rows on disk: what is whole is kept, what is not is never taken for it."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from tests.training.recipes.tokens_to_faces.conftest import IDS, ToneEncoder, speech

from facewire.errors import ConfigError
from facewire_training.data.shards import Shard, write
from facewire_training.speech_encoders.rows.encoded import (
    load_encoded,
    read_representation,
    write_encoded,
    write_representation,
)

EVERY, SOME = np.arange(20), np.arange(0, 20, 2)


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    said = [speech(1.0 + 0.1 * seed, seed) for seed in range(20)]
    return write(tmp_path_factory.mktemp("corpus") / "made", said, {})


def encode(folder: Path, shard: Shard, chosen: np.ndarray) -> None:
    write_representation(folder, IDS)
    list(write_encoded(folder, "made", shard, chosen, ToneEncoder(IDS)))


def test_rows_that_were_begun_anew_are_not_taken_for_the_old(tmp_path: Path, shard: Shard) -> None:
    encode(tmp_path, shard, SOME)
    # Others are begun in the same place, and the machine goes down.
    assert list(islice(write_encoded(tmp_path, "made", shard, EVERY, ToneEncoder(IDS)), 1)) == [8]
    with pytest.raises(ConfigError, match="has no rows of made"):
        load_encoded(tmp_path, "made", shard)
    encode(tmp_path, shard, SOME)
    found = load_encoded(tmp_path, "made", shard)
    for place, utterance in enumerate(SOME):
        (expected,) = ToneEncoder(IDS).encode([shard.audio(int(utterance))])
        assert np.array_equal(found.rows_of(place), expected)


@pytest.mark.parametrize("damage", ["short", "junk", "missing", "starts", "utterances", "lacks"])
def test_damaged_rows_are_refused(tmp_path: Path, shard: Shard, damage: str) -> None:
    encode(tmp_path, shard, SOME)
    rows, about = tmp_path / "made.npy", tmp_path / "made.json"
    said = json.loads(about.read_text())
    if damage == "short":
        np.save(rows, np.load(rows)[:-3])
    elif damage == "junk":
        rows.write_bytes(b"no rows")
    elif damage == "missing":
        rows.unlink()
    elif damage == "starts":
        said["starts"][1] = 10**6
    elif damage == "utterances":
        said["utterances"][0] = 99
    else:
        del said["starts"]
    about.write_text(json.dumps(said))
    with pytest.raises(ConfigError, match=r"are damaged; remove made\.json"):
        load_encoded(tmp_path, "made", shard)


@pytest.mark.parametrize("said", ["{}", "[1]", "no json", '{"rate": "1/0", "middle": "0"}'])
def test_a_damaged_representation_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "representation.json").write_text(said)
    with pytest.raises(ConfigError, match=r"is damaged|holds no encoded speech"):
        read_representation(tmp_path)
