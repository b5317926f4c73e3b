"""Windows of rows with their faces: in time, seeded, noisy where asked for, of one encoder only."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from tests.training.recipes.tokens_to_faces.conftest import IDS, encode, speech

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_training.data.shards import Shard, write
from facewire_training.data.targets import load_targets, make_targets, save_targets
from facewire_training.recipes.tokens_to_faces.batches import BatchConfig, Batches, faces_at
from facewire_training.recipes.tokens_to_faces.decoders.setting import Setting
from facewire_training.speech_encoders.rows.encoded import load_encoded, read_representation


def batches(
    corpus: Path, encoded: Path, other: Path | None = None, seconds: int = 2, **config: float
) -> Batches:
    setting = Setting(read_representation(encoded), seconds=seconds)
    made = BatchConfig(batch=6, **config)  # type: ignore[arg-type] # fields by name
    return Batches(corpus, encoded, made, setting, 0, other)


@pytest.mark.parametrize("rows", ["ids", "features"])
def test_a_window_is_a_stretch_of_an_utterance_with_its_face(
    corpus: Path, shard: Shard, rows: str, request: pytest.FixtureRequest
) -> None:
    encoded: Path = request.getfixturevalue(rows)
    opened, targets = load_encoded(encoded, "made", shard), load_targets(corpus, shard)
    rate = read_representation(encoded).rate
    for window in batches(corpus, encoded).windows(3):
        place = shard.names.index(window.name.split()[0].removeprefix("made/"))
        whole = opened.rows_of(place)
        count = int(2 * rate)
        starts = [
            first
            for first in range(len(whole) - count + 1)
            if np.array_equal(whole[first : first + count], window.rows)
        ]
        assert starts
        wanted = [
            faces_at(shard, targets, place, first / float(rate) + np.arange(60) / 30)[0]
            for first in starts
        ]
        assert any(np.array_equal(face, window.faces) for face in wanted)
        assert window.known.all()


def test_faces_are_those_of_the_targets_between_their_tokens(corpus: Path, shard: Shard) -> None:
    targets = load_targets(corpus, shard)
    begin, end = shard.starts[1] // 160, shard.starts[2] // 160
    curves = targets.curves[begin:end].astype(np.float32)
    times = np.array([0.0, 0.005, 0.5, 1.01, (end - begin) / 100])
    told, known = faces_at(shard, targets, 1, times)
    np.testing.assert_allclose(told[:2], curves[[0, 0]], atol=1e-6)
    np.testing.assert_allclose(told[2], (curves[49] + curves[50]) / 2, atol=1e-3)
    np.testing.assert_allclose(told[3], (curves[100] + curves[101]) / 2, atol=1e-3)
    np.testing.assert_allclose(told[4], curves[-1], atol=1e-6)
    assert known.shape == told.shape


def test_a_batch_is_the_same_for_the_same_seed_and_shared_by_processes(
    corpus: Path, ids: Path
) -> None:
    first, again = (batches(corpus, ids, token_noise=0.2).windows(7) for _ in range(2))
    shares = [batches(corpus, ids, token_noise=0.2).windows(7, rank, 2) for rank in range(2)]
    for place, window in enumerate(first):
        for other in (again[place], shares[place % 2][place // 2]):
            np.testing.assert_array_equal(window.rows, other.rows)
            np.testing.assert_array_equal(window.faces, other.faces)
    assert any(
        not np.array_equal(a.rows, b.rows)
        for a, b in zip(first, batches(corpus, ids).windows(8), strict=True)
    )


def test_short_utterances_are_whole_and_the_batch_is_padded(corpus: Path, ids: Path) -> None:
    batch = batches(corpus, ids, seconds=30).draw(0)
    longest = int(batch.lengths.max())
    assert batch.faces.shape == batch.trust.shape == (6, longest, 52)
    assert batch.speech.rows.dtype == torch.int64
    assert len(set(batch.speech.lengths.tolist())) > 1
    for place, (rows, frames) in enumerate(
        zip(batch.speech.lengths.tolist(), batch.lengths.tolist(), strict=True)
    ):
        assert frames == int(rows * Fraction(30, 25))
        assert batch.trust[place, :frames].all()
        assert not batch.trust[place, frames:].any()
        assert not batch.faces[place, frames:].any()
        assert not batch.speech.rows[place, rows:].any()


def test_a_share_of_the_ids_is_replaced_by_any(corpus: Path, ids: Path) -> None:
    plain, noisy = batches(corpus, ids), batches(corpus, ids, token_noise=0.3)
    before, after = (
        np.concatenate([w.rows for step in range(20) for w in b.windows(step)])
        for b in (plain, noisy)
    )
    assert 0.27 < (before != after).mean() < 0.33
    assert len(np.unique(after[before != after])) > 500
    assert after.min() >= 0
    assert after.max() < 6561


def test_features_get_noise_in_their_own_measure(corpus: Path, features: Path) -> None:
    plain, noisy = batches(corpus, features), batches(corpus, features, feature_noise=0.5)
    before, after = (np.stack([w.rows for w in b.windows(0)]) for b in (plain, noisy))
    assert (after - before).std() / before.std() == pytest.approx(0.5, rel=0.1)


def test_other_rows_of_the_same_speech_come_in_their_share(
    corpus: Path, ids: Path, tmp_path: Path
) -> None:
    copytree(ids, tmp_path / "forced")
    file = tmp_path / "forced" / "made.npy"
    np.save(file, np.full_like(np.load(file), 6000))
    mixed = batches(corpus, ids, tmp_path / "forced", other_share=0.25)
    forced = [(w.rows == 6000).all() for step in range(40) for w in mixed.windows(step)]
    assert 0.15 < np.mean(forced) < 0.35


def test_what_does_not_fit_is_refused(corpus: Path, ids: Path, tmp_path: Path) -> None:
    setting = Setting(read_representation(ids))
    with pytest.raises(ConfigError, match="holds no rows of any shard"):
        Batches(corpus, tmp_path, BatchConfig(), setting, 0)
    other = replace(setting, representation=replace(setting.representation, name="another"))
    with pytest.raises(ConfigError, match="rows of another encoder than another"):
        Batches(corpus, ids, BatchConfig(), other, 0)
    copytree(ids, tmp_path / "wrong")
    file = tmp_path / "wrong" / "made.npy"
    rows = np.load(file)
    for number in (6561, -1):
        np.save(file, np.concatenate((rows[:-1], rows[-1:].astype(np.int32) * 0 + number)))
        said = f"holds id {number} of made, but the ids of tones are below 6561, and not below 0"
        with pytest.raises(ConfigError, match=said):
            Batches(corpus, tmp_path / "wrong", BatchConfig(), setting, 0)


def test_utterances_without_rows_are_not_drawn(tmp_path: Path) -> None:
    silent = replace(speech(1.0, 1), samples=np.zeros(0, np.float32), phones=(), name="silent")
    shard = write(tmp_path / "made", [silent, speech(2.4, 2), silent, speech(2.7, 3)], {})
    save_targets(tmp_path, shard, make_targets(shard))
    made = batches(tmp_path, encode(tmp_path / "rows", shard, IDS))
    names = {window.name.split()[0] for step in range(9) for window in made.windows(step)}
    assert names == {"made/u2", "made/u3"}
    alone = write(tmp_path / "made", [silent], {})
    save_targets(tmp_path, alone, make_targets(alone))
    with pytest.raises(ConfigError, match="no utterance of made has rows; leave it out of"):
        batches(tmp_path, encode(tmp_path / "rows", alone, IDS))
