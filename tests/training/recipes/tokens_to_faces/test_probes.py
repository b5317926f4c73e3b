"""Probes of a made-up representation of which everything is known."""

import json
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire import arkit
from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data import shards
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.data.shards import UNKNOWN, Shard
from facewire_training.data.targets import ShardTargets, load_targets, save_targets
from facewire_training.phones import PhoneInterval
from facewire_training.recipes.tokens_to_faces.probe import probe_representation
from facewire_training.recipes.tokens_to_faces.probes.aligned import Corpus, align, alone, joined
from facewire_training.recipes.tokens_to_faces.probes.report import ProbeReport, decode_figures
from facewire_training.shape_sets import ALL
from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.rows.encoded import (
    load_encoded,
    write_encoded,
    write_representation,
)

RATE = 10
"""Rows a second: three frames to a row, so that a row and its nearest frame agree."""
SIDES = ("aa", "m"), ("iy", "f"), ("uw", "s"), ("ao", "t")
"""The two phones of each of four ids, equally likely."""
JAWS = (0.0, 0.2, 0.5, 0.9)
"""The jaw of each id."""

Ids = NDArray[np.int64]


class LevelReader:
    """An encoder that reads two ids, 0 to 3, out of how loud each tenth of a second is."""

    sample_rate = SAMPLE_RATE

    def __init__(self, *, features: bool = False) -> None:
        self.features = features
        rate = Fraction(RATE)
        self.representation = (
            Representation("levels", "semantic", rate, width=8)
            if features
            else Representation("levels", "labels", rate, codebooks=2, vocabulary=4)
        )

    def encode(self, speech: Sequence[NDArray[np.float32]]) -> list[NDArray[np.generic]]:
        return [self._one(samples) for samples in speech]

    def _one(self, samples: NDArray[np.float32]) -> NDArray[np.generic]:
        level = samples[: len(samples) // 1600 * 1600].reshape(-1, 1600).mean(axis=1)
        code = np.round(level * 20).astype(np.int32)
        ids = np.stack((code // 4, code % 4), axis=1)
        if not self.features:
            return ids
        return np.concatenate([np.eye(4, dtype=np.float32)[one] for one in ids.T], axis=1)


def spoken(name: str, ids: Ids, coins: Ids, speaker: str = "somebody") -> Utterance:
    """Return speech whose loudness is ids, `[N, 2]`; the first one and a coin make the phone."""
    code = (4 * ids[:, 0] + ids[:, 1]).astype(np.float32)
    phones = tuple(
        PhoneInterval(row / RATE, (row + 1) / RATE, INDEX[SIDES[one][coin]])
        for row, (one, coin) in enumerate(zip(ids[:, 0], coins, strict=True))
    )
    return Utterance(name, np.repeat(code / 20, 1600), phones, speaker, "levels")


def faces_of(shard: Shard) -> ShardTargets:
    """Return faces whose jaw is that of the first id, and whose lips follow at half the way."""
    row = np.round(shard.samples[::1600].astype(np.float64) / 32767 * 20).astype(int) // 4
    jaw = np.repeat(np.array(JAWS)[row], 10)
    curves = np.zeros((len(shard.labels), arkit.COUNT), np.float16)
    curves[:, arkit.INDEX["jawOpen"]] = jaw
    curves[:, arkit.INDEX["mouthFunnel"]] = jaw / 2
    known = np.ones_like(curves, np.bool_)
    return ShardTargets(np.zeros(len(curves), np.float16), curves, known)


def corpus_of(folder: Path, said: list[Utterance], *, features: bool = False) -> Path:
    """Write a corpus, its faces and what the encoder hears into a folder."""
    shard = shards.write(folder / "levels", said, {"made": "up"})
    save_targets(folder, shard, faces_of(shard))
    encoder = LevelReader(features=features)
    write_representation(folder / "encoded", encoder.representation)
    chosen = np.arange(len(shard))
    assert max(write_encoded(folder / "encoded", "levels", shard, chosen, encoder)) == len(shard)
    return folder


def balanced(length_s: int = 60) -> list[Utterance]:
    """Return 16 utterances in which ids and phones of one half say nothing of the other half.

    Every pair of an id and a coin of the first half meets every one of the second equally often.
    """
    half = length_s * RATE // 2
    cells = np.random.default_rng(3).permutation(16 * half) % 64
    first, second = cells // 8, cells % 8
    ids, coins = np.zeros((16, 2 * half), int), np.zeros((16, 2 * half), int)
    for place, cell in ((slice(0, half), first), (slice(half, None), second)):
        ids[:, place], coins[:, place] = (part.reshape(16, half) for part in (cell // 2, cell % 2))
    # The second codebook is noise that says nothing.
    noise = np.random.default_rng(4).integers(0, 4, ids.shape)
    return [spoken(f"u{n:02}", np.stack((ids[n], noise[n]), axis=1), coins[n]) for n in range(16)]


def probed(folder: Path, **options: bool | float) -> ProbeReport:
    return probe_representation(
        folder,
        folder / "encoded",
        shard="levels",
        streams_s=float(options.get("streams_s", 0)),
        as_published=bool(options.get("as_published", False)),
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> ProbeReport:
    """Long utterances, probed rightly and as the published code does."""
    folder = corpus_of(tmp_path_factory.mktemp("long"), balanced())
    return probed(folder, as_published=True)


def test_entropies_of_long_utterances_are_those_that_they_were_made_with(
    published: ProbeReport,
) -> None:
    first, second, both = published.probes.levels
    assert (first.level, second.level, both.level) == ("1", "2", "all")
    # An id has two phones of eight, equally often, and one face of four.
    assert first.phone.bits == pytest.approx(1.0, abs=1e-9)
    assert first.phone.by_token == pytest.approx(1 / 3, abs=1e-9)
    assert first.phone.class_bits == pytest.approx(3.0, abs=1e-9)
    assert first.phone.mutual_bits == pytest.approx(2.0, abs=1e-9)
    assert first.phone.purity == pytest.approx(0.5)
    assert first.face.bits == pytest.approx(0.0, abs=1e-9)
    assert first.face.mutual_bits == pytest.approx(2.0, abs=1e-9)
    # Noise tells nothing, and as much by chance.
    assert second.phone.mutual_bits == pytest.approx(second.phone.chance_bits, abs=2e-3)
    assert second.phone.corrected_mutual_bits == pytest.approx(0.0, abs=1e-3)
    # Beside noise, the first id tells what it told alone.
    assert both.phone.tokens == 16
    assert both.phone.corrected_bits == pytest.approx(1.0, abs=1e-3)


def test_the_chunk_offset_defect_spoils_faces_and_not_phones(published: ProbeReport) -> None:
    assert published.as_published is not None
    right, wrong = published.probes.levels[0], published.as_published.levels[0]
    assert wrong.phone == right.phone
    assert wrong.viseme == right.viseme
    # Half of the rows have the face of an independent one: 5/8 their own, 1/8 each other.
    spoilt = -(5 / 8 * np.log2(5 / 8) + 3 / 8 * np.log2(1 / 8))
    assert right.face.bits == pytest.approx(0.0, abs=1e-9)
    assert wrong.face.bits == pytest.approx(spoilt, abs=1e-9)
    assert wrong.face.by_token == pytest.approx(spoilt / 2, abs=1e-9)
    # Half of what is predicted is right: a quarter of the variance.
    for context in ("0", "2"):
        assert right.faces[context].overall > 0.999
        assert right.faces[context].training_median > 0.999
    assert wrong.faces["0"].training_median == pytest.approx(0.25, abs=0.002)
    assert wrong.faces["0"].overall == pytest.approx(0.25, abs=0.02)
    assert right.back is not None
    assert wrong.back is not None
    assert right.back.accuracy["0"] == 1.0
    assert wrong.back.accuracy["0"] <= 5 / 8 + 0.02
    # A face tells one of four ids, and that one of two phones.
    assert published.probes.phone_from_face["0"] == pytest.approx(0.5, abs=0.03)
    assert published.as_published.phone_from_face["0"] <= 5 / 16 + 0.03


def test_utterances_of_less_than_a_piece_are_not_spoilt(tmp_path: Path) -> None:
    report = probed(corpus_of(tmp_path, balanced(24)), as_published=True)
    # Compared as JSON: what is not a number there is null, and equal.
    assert msgspec.json.encode(report.as_published) == msgspec.json.encode(report.probes)


def test_streams_join_what_a_speaker_says_and_show_the_defect(tmp_path: Path) -> None:
    folder = corpus_of(tmp_path, balanced(24))
    report = probed(folder, as_published=True, streams_s=60)
    # Three utterances of 24 s a stream; the sixteenth is left over.
    assert report.probes.streams == 5
    assert report.probes.rows == 15 * 240
    assert report.as_published is not None
    right, wrong = report.probes.levels[0], report.as_published.levels[0]
    assert right.face.bits == pytest.approx(0.0, abs=1e-9)
    assert right.faces["2"].overall > 0.999
    assert wrong.face.bits > 1
    assert wrong.phone == right.phone
    with pytest.raises(ConfigError, match="nobody in levels speaks for 1000 s"):
        probed(folder, streams_s=1000)


def test_features_are_probed_by_classes_of_them(tmp_path: Path) -> None:
    report = probed(corpus_of(tmp_path, balanced(24), features=True))
    (level,) = report.probes.levels
    assert level.level == "features"
    assert level.phone.tokens == 16
    assert level.phone.corrected_bits == pytest.approx(1.0, abs=0.01)
    assert level.faces["0"].overall > 0.999
    assert level.faces["0"].median > 0.999
    columns = np.array(level.faces["0"].columns, float)
    moving = [arkit.NAMES[place] for place, r2 in zip(ALL, columns, strict=True)
              if not np.isnan(r2)]  # fmt: skip
    assert sorted(moving) == ["jawOpen", "mouthFunnel"]
    # The jaw is no line through four corners: it tells a part of them, and nothing of the noise.
    assert level.back is not None
    assert 0.1 < level.back.r2["0"] < 0.4


def corpus_value(folder: Path) -> Corpus:
    shard = shards.load_one(folder / "levels")
    encoded = load_encoded(folder / "encoded", "levels", shard)
    return Corpus(shard, load_targets(folder, shard), encoded, LevelReader().representation)


def test_rows_stand_beside_the_phones_and_faces_of_their_moments(tmp_path: Path) -> None:
    ids = np.array([[0, 1], [3, 0], [2, 2]])
    said = [spoken("a", ids, np.array([0, 1, 0])), spoken("b", ids[::-1], np.array([1, 1, 1]), "x")]
    corpus = corpus_value(corpus_of(tmp_path, said))
    aligned = align(corpus, alone(corpus.encoded))
    assert np.array_equal(aligned.rows, np.concatenate((ids, ids[::-1])))
    expected = [INDEX[name] for name in ("aa", "t", "uw", "s", "t", "m")]
    assert aligned.phones.tolist() == expected
    jaw = aligned.faces[:, ALL.tolist().index(arkit.INDEX["jawOpen"])]
    np.testing.assert_allclose(jaw, [0.0, 0.9, 0.5, 0.5, 0.9, 0.0], atol=1e-3)
    assert aligned.streams.tolist() == [0, 0, 0, 1, 1, 1]
    assert aligned.neighbours[0].tolist() == [-1, -1, 0, -1, -1, 3]
    assert aligned.neighbours[2].tolist() == [1, 2, -1, 4, 5, -1]
    # Two speakers are no stream.
    with pytest.raises(ConfigError, match="nobody"):
        joined(corpus.shard, corpus.encoded, 0.5)


def test_rows_of_which_nobody_knows_the_phone_are_left_out(tmp_path: Path) -> None:
    ids = np.array([[0, 1], [3, 0], [2, 2]])
    whole = spoken("a", ids, np.array([0, 1, 0]))
    part = Utterance("b", whole.samples, whole.phones[1:2], "x", "levels")
    nothing = Utterance("c", whole.samples, (), "x", "levels")
    shard = shards.write(tmp_path / "levels", [whole, part, nothing], {}, uncovered=UNKNOWN)
    save_targets(tmp_path, shard, faces_of(shard))
    encoder = LevelReader()
    list(write_encoded(tmp_path / "encoded", "levels", shard, np.arange(3), encoder))
    corpus = corpus_value(tmp_path)
    aligned = align(corpus, alone(corpus.encoded))
    assert aligned.rows[:, 0].tolist() == [0, 3, 2, 3]
    assert aligned.neighbours[1].tolist() == [-1, 0, 1, -1]
    with pytest.raises(ConfigError, match="no row of levels has a phone and a face"):
        align(corpus, [[2]])


def test_an_utterance_without_sound_changes_nothing(tmp_path: Path) -> None:
    said = balanced(24)[:4]
    silent = Utterance("nothing", np.zeros(0, np.float32), (), "somebody", "levels")
    plain = probed(corpus_of(tmp_path / "plain", said), as_published=True)
    folder = corpus_of(tmp_path / "with", [*said[:2], silent, *said[2:]])
    assert msgspec.json.encode(probed(folder).probes) == msgspec.json.encode(plain.probes)
    nothing = corpus_value(corpus_of(tmp_path / "nothing", [silent, said[0]]))
    with pytest.raises(ConfigError, match="no row of levels has a phone and a face"):
        align(nothing, [[0]])


def test_rows_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    folder = corpus_of(tmp_path, balanced(24)[:3], features=True)
    rows = np.load(folder / "encoded" / "levels.npy", mmap_mode="r+")
    rows[100, 2] = np.nan
    rows.flush()
    with pytest.raises(ConfigError, match="rows of levels by levels are not finite; encode it"):
        probed(folder)


def test_a_face_that_never_moves_has_no_r2_and_its_report_is_read_again(tmp_path: Path) -> None:
    folder = corpus_of(tmp_path, balanced(24)[:3], features=True)
    shard = shards.load_one(folder / "levels")
    still = faces_of(shard)
    still.curves[:] = 0
    save_targets(folder, shard, still)
    report = probed(folder)
    content = msgspec.json.encode(report)
    assert b'"overall":null' in content
    again = decode_figures(content, ProbeReport)
    assert np.isnan(again.probes.levels[0].faces["0"].overall)
    assert again.as_published is None
    assert msgspec.json.encode(again) == content
    with pytest.raises(msgspec.DecodeError):
        decode_figures(b'{"encoder": null}', ProbeReport)


def test_one_utterance_leaves_nothing_to_hold_out(tmp_path: Path) -> None:
    folder = corpus_of(tmp_path, balanced(24)[:1])
    with pytest.raises(ConfigError, match="two utterances or more"):
        probed(folder)


def test_the_command_prints_tables_and_writes_json(tmp_path: Path) -> None:
    folder = corpus_of(tmp_path, balanced(24)[:4])
    module = "facewire_training.recipes.tokens_to_faces.probe"
    begin = [sys.executable, "-m", module, "--corpus", str(folder), "--shard", "levels"]
    more = ["--streams", "30", "--as-published", "--json", str(tmp_path / "probes.json")]
    ran = subprocess.run(
        [*begin, "--encoded", str(folder / "encoded"), *more], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert "as published" in ran.stdout
    said = json.loads((tmp_path / "probes.json").read_text())
    assert said["encoder"] == "levels"
    assert said["streams_s"] == 30
    assert [level["level"] for level in said["probes"]["levels"]] == ["1", "2", "all"]
    assert said["probes"]["levels"][0]["face"]["bits"] == pytest.approx(0, abs=1e-9)
    assert said["as_published"]["levels"][0]["face"]["bits"] > 0.3
    wrong = subprocess.run(
        [*begin, "--encoded", str(tmp_path / "none")], capture_output=True, text=True
    )
    assert wrong.returncode == 2
    assert wrong.stderr.strip().count("\n") == 0
    assert "encode" in wrong.stderr
