"""Each voice is checked by what it must be, measured without the vocoder that made it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

pytest.importorskip("pyworld", reason="pip install pyworld-prebuilt")

from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.augmentation.channel import active_level
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.evaluation.robustness import voices
from facewire_training.evaluation.robustness.cache import Cache
from facewire_training.phones import PhoneInterval

PITCH_HZ, FORMANT_HZ = 120.0, 1_000.0


def vowel(seconds: float = 1.0) -> NDArray[np.float32]:
    """Return pulses at 120 Hz through one resonance at 1 kHz."""
    count = round(seconds * SAMPLE_RATE)
    pulses = np.zeros(count)
    pulses[np.round(np.arange(0, count, SAMPLE_RATE / PITCH_HZ)).astype(int)] = 1.0
    turn = 0.98 * np.exp(2j * np.pi * FORMANT_HZ / SAMPLE_RATE)
    poles = np.poly([turn, turn.conjugate()]).real
    sound = np.asarray(signal.lfilter([1.0], poles, pulses))
    return np.asarray(0.2 * sound / np.abs(sound).max(), np.float32)


def said(*labels: str) -> Utterance:
    """Say vowels of 200 ms each."""
    samples = np.concatenate([vowel(0.2) for _ in labels])
    phones = tuple(
        PhoneInterval(place / 5, (place + 1) / 5, INDEX[label])
        for place, label in enumerate(labels)
    )
    return Utterance("made", samples, phones, "nobody", "made")


def period_hz(samples: NDArray[np.float32]) -> tuple[float, float]:
    """Return the pitch by autocorrelation, and how periodic it is, 0 to 1."""
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4].astype(np.float64)
    middle = middle - middle.mean()
    alike = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    lags = np.arange(20, 250)
    best = int(lags[np.argmax(alike[lags])])
    return SAMPLE_RATE / best, float(alike[best] / alike[0])


def peak_hz(samples: NDArray[np.float32]) -> float:
    """Return where the smoothed spectrum is highest."""
    hertz, power = signal.welch(samples, SAMPLE_RATE, nperseg=128)
    return float(hertz[np.argmax(power)])


@pytest.mark.parametrize("factor", [1.2, 1.5])
def test_a_child_has_higher_pitch_and_formants_at_the_same_times_and_level(factor: float) -> None:
    adult = vowel()
    child = voices.child_like(adult, factor)
    assert len(child) == len(adult)
    assert period_hz(child)[0] == pytest.approx(factor * PITCH_HZ, rel=0.03)
    assert peak_hz(child) == pytest.approx(factor * FORMANT_HZ, abs=130)
    assert active_level(child) == pytest.approx(active_level(adult), rel=0.05)


def test_a_whisper_has_the_spectrum_and_no_voice() -> None:
    whisper = voices.whispered(vowel())
    assert period_hz(vowel())[1] > 0.9
    assert period_hz(whisper)[1] < 0.6
    assert peak_hz(whisper) == pytest.approx(FORMANT_HZ, abs=130)


def test_a_song_holds_open_vowels_on_notes_of_the_speakers_scale() -> None:
    song = voices.sung(said("aa", "iy", "eh", "s"), seed=3)
    assert song is not None
    assert [phone.label for phone in song.phones] == ["sil", "aa", "eh", "sil"]
    assert all(p.duration_s == pytest.approx(voices.NOTE_S) for p in song.phones[1:-1])
    assert song.phones[-1].end_s == pytest.approx(song.duration_s)
    for note in song.phones[1:-1]:
        first, last = (round(t * SAMPLE_RATE) for t in (note.start_s + 0.3, note.end_s - 0.3))
        heard_hz, periodic = period_hz(song.samples[first:last])
        semitones = 12 * np.log2(heard_hz / (voices.ABOVE_SPEECH * PITCH_HZ))
        assert min(abs(semitones - step) for step in voices.SCALE) < 0.7
        assert periodic > 0.5
    assert voices.sung(said("iy", "s"), seed=3) is None


def test_what_is_kept_comes_back_the_same_and_is_made_once(tmp_path: Path) -> None:
    cache, made = Cache(tmp_path / "voices"), []

    def make(utterance: Utterance) -> Utterance:
        made.append(utterance.name)
        half = utterance.samples / np.float32(2)
        return Utterance("x", half, utterance.phones, "nobody", "made")

    first = cache.voice(said("aa"), "half", make)
    again = cache.voice(said("aa"), "half", make)
    assert made == ["made"]
    np.testing.assert_array_equal(first.samples, again.samples)
    np.testing.assert_allclose(first.samples, said("aa").samples / 2, atol=2 / 32768)
    cache.voice(said("aa"), "third", make)
    cache.voice(said("aa", "eh"), "half", make)
    assert len(made) == 3
    song, same = (cache.song(said("aa", "eh"), 1) for _ in range(2))
    assert song is not None
    assert same is not None
    assert song.phones == same.phones == getattr(voices.sung(said("aa", "eh"), 1), "phones", None)
    np.testing.assert_array_equal(song.samples, same.samples)
    assert cache.song(said("s"), 1) is None
