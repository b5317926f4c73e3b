from pathlib import Path

import numpy as np
import pytest
from tests.training.evaluation.quality.made import spoken

from facewire.errors import ConfigError
from facewire_training.data.adapters.clip import Clip
from facewire_training.data.corpora.corpus import Utterance
from facewire_training.evaluation.quality.babble import with_babble
from facewire_training.evaluation.quality.material import Material, load_material, spread
from facewire_training.evaluation.quality.request import Request


def test_babble_is_as_far_below_the_speech_as_asked_and_always_the_same() -> None:
    one, others = spoken("one", 1), [spoken(str(seed), seed) for seed in range(2, 8)]
    noisy = with_babble(one, others, 10.0, seed=5)
    noise = noisy.samples - one.samples
    ratio = np.mean(one.samples**2) / np.mean(noise**2)
    assert 10 * np.log10(ratio) == pytest.approx(10.0, abs=0.1)
    alone = with_babble(one, others, 10.0, seed=5, talkers=1).samples - one.samples
    voice = [np.abs(np.fft.rfft(other.samples)) for other in others]
    heard = np.abs(np.fft.rfft(alone))
    assert max(np.corrcoef(heard, spectrum)[0, 1] for spectrum in voice) > 0.99
    again = with_babble(one, others, 10.0, seed=5)
    np.testing.assert_array_equal(noisy.samples, again.samples)
    assert (with_babble(one, others, 10.0, seed=6).samples != noisy.samples).any()
    assert noisy.phones == one.phones


def said_by(speaker: str, corpus: str = "made", name: str = "") -> Clip:
    return Clip(Utterance(name or speaker, np.ones(160, np.float32), (), speaker, corpus))


def test_voices_in_the_background_are_other_peoples() -> None:
    ann, bob = said_by("ann", name="1"), said_by("bob")
    noise = said_by("wind", "nospeech")
    one = said_by("1", "grid")
    material = Material({"a": [ann, said_by("ann", name="2"), bob], "b": [noise], "c": [one]}, None)
    assert material.strangers(ann.utterance) == [bob.utterance]
    elsewhere = [clip.utterance for clip in material.sets["a"]]
    assert material.strangers(one.utterance) == elsewhere
    with pytest.raises(ConfigError, match="only ann speaks here"):
        Material({"a": [ann]}, None).strangers(ann.utterance)


def test_clips_are_spread_over_the_set() -> None:
    assert spread(list(range(10)), 4) == [0, 3, 6, 9]
    assert spread([1, 2], 5) == [1, 2]
    assert spread([1, 2], None) == [1, 2]


def test_beat2_needs_its_matrix(tmp_path: Path) -> None:
    (tmp_path / "smplxflame_30").mkdir()
    with pytest.raises(ConfigError, match="--matrix"):
        load_material(Request(tmp_path))


def test_test_voices_wait_for_somebody_who_aligns_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("pocketsphinx", reason="pip install pocketsphinx")
    for name in ("librispeech_251", "speechocean762_train"):
        (tmp_path / name).mkdir()
    for table in ("text.txt", "utt2spk.txt"):
        (tmp_path / "speechocean762_train" / table).touch()
    found = load_material(Request(tmp_path, split="test"))
    assert found.sets == {"speechocean762, test speakers": []}
    assert "--teacher" in caplog.text
