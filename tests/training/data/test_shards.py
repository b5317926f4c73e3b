import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.corpora.corpus import Utterance, cover_gaps, token_labels
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.data.shards import is_whole, load, load_one, open_shard, write
from facewire_training.phones import PhoneInterval

SIL, AA, M = INDEX["sil"], INDEX["aa"], INDEX["m"]


def utterance(name: str, count: int) -> Utterance:
    samples = np.linspace(-1.2, 0.8, count, dtype=np.float32)
    phones = cover_gaps([PhoneInterval(0.02, 0.05, M), PhoneInterval(0.05, 0.09, AA)], count / 16e3)
    return Utterance(name, samples, phones, "somebody", "tiny")


def test_a_token_has_the_class_at_its_centre() -> None:
    phones = (PhoneInterval(0.0, 0.014, M), PhoneInterval(0.014, 0.036, AA))
    assert token_labels(phones, 5).tolist() == [M, AA, AA, AA, SIL]
    phones = (PhoneInterval(0.0, 0.015, M), PhoneInterval(0.015, 0.025, AA))
    assert token_labels(phones, 4).tolist() == [M, AA, SIL, SIL]


def test_tokens_do_not_drift_in_an_hour() -> None:
    phones = tuple(PhoneInterval(k / 10, (k + 1) / 10, M if k % 2 else AA) for k in range(36_000))
    expected = np.repeat(np.where(np.arange(36_000) % 2, M, AA), 10)
    np.testing.assert_array_equal(token_labels(phones, 360_000), expected)


def test_gaps_become_silence_and_silences_are_joined() -> None:
    phones = [
        PhoneInterval(0.1, 0.2, SIL),
        PhoneInterval(0.2, 0.3, AA),
        PhoneInterval(0.25, 0.4, M),
        PhoneInterval(0.9, 1.4, AA),
    ]
    assert cover_gaps(phones, 1.0) == (
        PhoneInterval(0.0, 0.2, SIL),
        PhoneInterval(0.2, 0.3, AA),
        PhoneInterval(0.3, 0.4, M),
        PhoneInterval(0.4, 0.9, SIL),
        PhoneInterval(0.9, 1.0, AA),
    )


def test_a_shard_gives_back_what_was_written(tmp_path: Path) -> None:
    said = [utterance("a", 1600), utterance("b", 3333)]
    write(tmp_path / "tiny", said, {"seed": 1})
    (shard,) = load(tmp_path)
    assert isinstance(shard.samples, np.memmap)
    assert isinstance(shard.labels, np.memmap)
    assert shard.starts.tolist() == [0, 1600, 1600 + 3200]
    assert (shard.names, shard.speakers, shard.corpus) == (("a", "b"), ("somebody",) * 2, "tiny")
    for index, one in enumerate(said):
        kept = np.clip(one.samples[: len(shard.audio(index))], -1, 1)
        assert np.abs(shard.audio(index) - kept).max() <= 1 / 32767
        assert shard.phones(index) == one.phones
        np.testing.assert_array_equal(
            shard.tokens(index), token_labels(one.phones, len(one.samples) // 160)
        )
    assert shard.tokens(0).tolist() == [SIL] * 2 + [M] * 3 + [AA] * 4 + [SIL]


def test_a_shard_is_opened_by_its_name_within_its_corpus(tmp_path: Path) -> None:
    write(tmp_path / "corpus" / "validation" / "tiny", [utterance("a", 1600)], {})
    write(tmp_path / "outside", [utterance("a", 1600)], {})
    assert len(open_shard(tmp_path / "corpus", "validation/tiny")) == 1
    for name in ("../outside", str(tmp_path / "outside"), "validation//tiny", "./tiny", ""):
        with pytest.raises(ConfigError, match="is no name of a shard; write one such as"):
            open_shard(tmp_path / "corpus", name)


def test_a_shard_is_whole_only_with_the_same_settings(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    assert not is_whole(folder, {"seed": 1})
    write(folder, [utterance("a", 1600)], {"seed": 1})
    assert is_whole(folder, {"seed": 1})
    assert not is_whole(folder, {"seed": 2})


def test_an_interrupted_shard_is_not_loaded_and_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "tiny", [utterance("a", 1600)], {})
    (tmp_path / "tiny" / "shard.json").unlink()
    with pytest.raises(ConfigError, match="no finished shard"):
        load(tmp_path)
    with pytest.raises(ConfigError, match="no finished shard"):
        load_one(tmp_path / "tiny")
    write(tmp_path / "tiny", [utterance("b", 1600)], {})
    assert load(tmp_path)[0].names == ("b",)


def test_nothing_to_write_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no utterance"):
        write(tmp_path / "tiny", [], {})
    assert not (tmp_path / "tiny").exists()


@pytest.fixture
def tiny_data(tmp_path: Path) -> Path:
    """A data folder with one training and one validation speaker."""
    root = tmp_path / "data" / "librispeech"
    (root / "audio").mkdir(parents=True)
    rows, texts = ["utterance\tstart_s\tend_s\tphone\tword"], []
    tone = (0.3 * np.sin(np.arange(16_000) * 0.2)).astype(np.float32)
    for name in ("19-1-0000", "163-1-0000"):
        soundfile.write(root / "audio" / f"{name}.opus", tone, 16_000, "OPUS", format="OGG")
        rows += [f"{name}\t0.00\t0.20\tSIL\t<sil>", f"{name}\t0.20\t0.70\tAA1\tah"]
        texts.append(f'{name}\tAH "{name}"')
    with gzip.open(root / "phones.tsv.gz", "wt") as file:
        file.write("\n".join(rows) + "\n")
    with gzip.open(root / "transcripts.tsv.gz", "wt") as file:
        file.write("\n".join(texts) + "\n")
    return root.parent


def test_validation_speakers_are_kept_apart(tiny_data: Path) -> None:
    corpus = LibriSpeech(tiny_data / "librispeech", delay_s=0.0)
    assert [u.speaker for u in corpus.train()] == ["19"]
    assert [u.speaker for u in corpus.validation()] == ["163"]
    assert corpus.transcripts() == {"19-1-0000": 'ah "19-1-0000"'}
    (said,) = corpus.train()
    assert len(said.samples) == 16_000
    assert said.phones == (
        PhoneInterval(0.0, 0.2, SIL),
        PhoneInterval(0.2, 0.7, AA),
        PhoneInterval(0.7, 1.0, SIL),
    )


def test_the_bias_of_the_aligner_is_taken_out(tiny_data: Path) -> None:
    (said,) = LibriSpeech(tiny_data / "librispeech", delay_s=0.05).train()
    assert [p.start_s for p in said.phones] == pytest.approx([0.0, 0.25, 0.75])


def prepare(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "facewire_training.data.prepare", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_prepare_makes_shards_and_keeps_those_it_finds(tiny_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    programs = [f"--hours-{name}=0" for name in ("flite", "espeak", "festival", "world", "song")]
    options = [f"--data={tiny_data}", f"--out={out}", *programs, "--hours-nospeech=0.005"]
    first = prepare(*options)
    assert first.returncode == 0, first.stderr
    assert "nospeech: 0.0" in first.stdout
    assert [shard.corpus for shard in load(out)] == ["librispeech", "nospeech"]
    assert [shard.speakers for shard in load(out / "validation")] == [("163",)]
    assert not np.any(load(out)[1].labels)
    made = {path: path.stat().st_mtime_ns for path in out.rglob("*.npy")}
    assert prepare(*options).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.npy")} == made
    assert prepare(*options, "--seed=1").returncode == 0
    changed = {path.parent.name for path in made if path.stat().st_mtime_ns != made[path]}
    assert changed == {"nospeech"}


def test_a_shard_that_nobody_makes_is_named(tiny_data: Path, tmp_path: Path) -> None:
    done = prepare(f"--data={tiny_data}", f"--out={tmp_path / 'corpus'}", "--only=flite,songs")
    assert done.returncode == 2
    assert "no shard 'songs'" in done.stderr
    assert "flite, espeak" in done.stderr
    assert not (tmp_path / "corpus").exists()


def test_prepare_says_what_is_missing(tmp_path: Path) -> None:
    done = prepare(f"--data={tmp_path}", f"--out={tmp_path / 'corpus'}")
    assert done.returncode == 2
    assert "give the LibriSpeech folder" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("file", ["samples.npy", "labels.npy", "index.npz"])
def test_a_shard_that_is_cut_is_damaged(tmp_path: Path, file: str) -> None:
    write(tmp_path / "tiny", [utterance("a", 16_000)], {"seed": 1})
    path = tmp_path / "tiny" / file
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ConfigError, match=r"is damaged .*; remove it and run"):
        load_one(tmp_path / "tiny")


def test_phones_past_the_end_are_cut_and_nothing_is_made_of_no_sound() -> None:
    late = [PhoneInterval(0.5, 1.0, M)]
    assert cover_gaps(late, 0.0) == ()
    assert cover_gaps(late, 0.2) == (PhoneInterval(0.0, 0.2, SIL),)
