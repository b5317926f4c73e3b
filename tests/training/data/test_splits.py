"""Who is held out, by name and against the folders that hold the recordings."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.data.shards import write
from facewire_training.data.splits import FACEGOOD, LIBRISPEECH, SPEECHOCEAN, SPLITS, VOICES
from facewire_training.model.batches import BatchConfig, Batches


def utterance(name: str, speaker: str, corpus: str) -> Utterance:
    return Utterance(name, np.zeros(80_000, np.float32), (), speaker, corpus)


@pytest.mark.parametrize("corpus", SPLITS)
def test_nobody_is_for_both(corpus: str) -> None:
    assert not SPLITS[corpus].validation & SPLITS[corpus].test


@pytest.mark.parametrize(
    ("name", "speaker", "corpus"),
    [
        ("163-1-0000", "163", "librispeech"),
        ("39-121914-0000", "39", "voices"),
        ("000530001", "0053", "speechocean"),
        ("012030001", "1203", "speechocean"),
        (min(FACEGOOD.test), "facegood-1", "facegood"),
    ],
)
def test_training_refuses_a_shard_with_somebody_who_is_held_out(
    name: str, speaker: str, corpus: str, tmp_path: Path
) -> None:
    config = BatchConfig(batch=1, hops=20, shares=((corpus, 1.0),))
    write(tmp_path / corpus, [utterance("free", "free", corpus)], {})
    assert len(Batches(tmp_path, config, seed=0, steps=1, faces=False)) == 1
    write(
        tmp_path / corpus, [utterance(n, s, corpus) for n, s in [("a", "b"), (name, speaker)]], {}
    )
    with pytest.raises(ConfigError, match="no model may learn from"):
        Batches(tmp_path, config, seed=0, steps=1, faces=False)


def test_every_tenth_voice_is_for_the_test(data_dir: Path) -> None:
    folder = data_dir / "librispeech_251"
    if not folder.is_dir():
        pytest.skip("FACEWIRE_DATA has no librispeech_251")
    speakers = sorted({int(path.name.split("-")[0]) for path in folder.glob("*.opus")})
    assert VOICES.test == {str(number) for number in speakers[::10]}
    read = {path.name.split("-")[0] for path in (data_dir / "librispeech" / "audio").iterdir()}
    assert read >= LIBRISPEECH.validation
    assert not read & {str(number) for number in speakers}


def test_every_speaker_whose_number_ends_in_3_is_held_out(data_dir: Path) -> None:
    table = data_dir / "speechocean762_train" / "utt2spk.txt"
    if not table.is_file():
        pytest.skip("FACEWIRE_DATA has no speechocean762_train")
    speakers = {line.split()[1] for line in table.read_text().splitlines()}
    assert SPEECHOCEAN.held_out == {name for name in speakers if name.endswith("3")}
