import gzip
import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from facewire.errors import ConfigError
from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.augmentation.vocoder import analyse
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.data.corpora.librispeech import LibriSpeech
from facewire_training.data.corpora.synthesised.song import HELD_S, SCALES, VOWELS, Song, sing
from facewire_training.phones import PhoneInterval

pytest.importorskip("pyworld", reason="pip install -e '.[quality]'")
SPOKEN_HZ = 120.0


def buzz(*phones: tuple[str, float]) -> Utterance:
    """Speak phones in a monotone: vowels buzz, all else is noise."""
    rng, parts, intervals, at = np.random.default_rng(0), [], [], 0.0
    for label, seconds in phones:
        times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE + at
        tones = np.sum([np.sin(2 * np.pi * k * SPOKEN_HZ * times) / k for k in range(1, 20)], 0)
        part = 0.1 * tones if label in VOWELS else 0.01 * rng.standard_normal(len(times))
        parts.append(part.astype(np.float32))
        intervals.append(PhoneInterval(at, at + seconds, INDEX[label]))
        at += seconds
    return Utterance("buzz", np.concatenate(parts), tuple(intervals), "nobody", "made")


SPOKEN = buzz(("b", 0.08), ("aa", 0.2), ("p", 0.1), ("iy", 0.16), ("s", 0.12), ("ah", 0.04))


@pytest.mark.parametrize("seed", range(5))
def test_vowels_are_held_and_all_else_is_as_long_as_it_was(seed: int) -> None:
    song = sing(SPOKEN, np.random.default_rng(seed), "song")
    assert song is not None
    assert [phone.label for phone in song.phones] == [phone.label for phone in SPOKEN.phones]
    for sung, spoken in zip(song.phones, SPOKEN.phones, strict=True):
        longer = sung.duration_s - spoken.duration_s
        if spoken.label in ("aa", "iy"):
            assert HELD_S[0] - 0.01 <= longer <= HELD_S[1] + 0.01
        else:
            assert abs(longer) < 0.006
    assert song.phones[-1].end_s == pytest.approx(song.duration_s, abs=0.006)


@pytest.mark.parametrize("seed", range(5))
def test_held_vowels_are_on_notes_of_one_scale(seed: int) -> None:
    song = sing(SPOKEN, np.random.default_rng(seed), "song")
    assert song is not None
    pitch = analyse(song.samples).pitch
    notes = []
    for phone in song.phones:
        if phone.label in ("aa", "iy"):
            middle = 200 * (phone.start_s + phone.end_s) / 2
            held = pitch[int(middle) - 10 : int(middle) + 10]
            notes.append(12 * np.log2(np.median(held[held > 0]) / SPOKEN_HZ))
    steps = {high - low for scale in SCALES for high in scale for low in scale}
    assert min(abs(notes[1] - notes[0] - step) for step in steps) < 1.0
    assert all(-2.5 < note < 25.5 for note in notes)


def test_a_vowel_without_a_voice_is_not_held() -> None:
    whispered = buzz(("b", 0.08), ("aa", 0.2), ("p", 0.1), ("iy", 0.16))
    hiss = np.random.default_rng(1).standard_normal(round(0.2 * SAMPLE_RATE))
    whispered.samples[round(0.08 * SAMPLE_RATE) :][: len(hiss)] = 0.05 * hiss
    for seed in range(5):
        song = sing(whispered, np.random.default_rng(seed), "song")
        assert song is not None
        _, aa, _, iy = song.phones
        assert aa.duration_s == pytest.approx(0.2, abs=0.006)
        assert iy.duration_s > 0.16 + HELD_S[0] - 0.01


def test_no_loud_moment_is_clipped() -> None:
    loud = buzz(("b", 0.08), ("aa", 0.2), ("p", 0.1), ("iy", 0.16))
    loud.samples[:] /= np.abs(loud.samples).max()
    for seed in range(5):
        song = sing(loud, np.random.default_rng(seed), "song")
        assert song is not None
        assert np.abs(song.samples).max() < 1


def test_nothing_is_sung_without_a_voice_or_a_vowel() -> None:
    rng = np.random.default_rng(0)
    assert sing(buzz(("s", 0.5)), rng, "hiss") is None
    assert sing(Utterance("none", SPOKEN.samples, (), "nobody", "made"), rng, "none") is None
    assert sing(buzz(("p", 0.001), ("b", 0.001), ("z", 0.2)), rng, "tiny") is None
    assert sing(buzz(("ah", 0.04), ("aa", 0.05), ("ah", 0.04), ("aa", 0.05)), rng, "short") is None


def test_a_song_is_the_same_every_time_and_of_training_speakers_alone(data_dir: Path) -> None:
    libri = LibriSpeech(data_dir / "librispeech")
    songs = [list(itertools.islice(Song(libri, 1.0, seed).utterances(), 3)) for seed in (0, 0, 1)]
    for one, again, other in zip(*songs, strict=True):
        assert np.array_equal(one.samples, again.samples)
        assert one.phones == again.phones
        assert one.phones != other.phones
        assert one.corpus == "song"
    held_out = {utterance.speaker for utterance in itertools.islice(libri.validation(), 5)}
    assert not held_out & {song.speaker for song in songs[0]}


def test_a_short_song_is_of_many_speakers(data_dir: Path) -> None:
    libri = LibriSpeech(data_dir / "librispeech")
    songs = itertools.islice(Song(libri, 1.0).utterances(), 12)
    assert len({song.speaker for song in songs}) > 5


def test_speech_that_has_no_vowels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    hiss = 0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
    soundfile.write(tmp_path / "audio" / "19-1-0.opus", hiss, SAMPLE_RATE, "OPUS", format="OGG")
    with gzip.open(tmp_path / "phones.tsv.gz", "wt") as file:
        file.write("utterance\tstart_s\tend_s\tphone\tword\n19-1-0\t0.10\t0.90\tS\tsss\n")
    with pytest.raises(ConfigError, match="can be sung"):
        next(Song(LibriSpeech(tmp_path), 0.1).utterances())
