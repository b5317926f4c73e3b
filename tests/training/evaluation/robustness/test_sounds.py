"""Rooms, lines, levels and noises: each is what its name says, and the same by seed."""

import numpy as np
import pytest
from scipy import signal

from facewire_engines.phones.phone_set import INDEX
from facewire_training.data.augmentation.channel import active_level
from facewire_training.data.corpora.corpus import SAMPLE_RATE, Utterance
from facewire_training.evaluation.robustness import channels, levels, no_speech
from facewire_training.phones import PhoneInterval

RNG = np.random.default_rng(1)
NOISE = (0.1 * RNG.standard_normal(2 * SAMPLE_RATE)).astype(np.float32)


def speaking(speaker: str = "ann", gain: float = 1.0) -> Utterance:
    """Be silent for half a second, then sound for a second and a half."""
    samples = gain * NOISE
    samples[: SAMPLE_RATE // 2] = 0
    phones = (PhoneInterval(0.0, 0.5, INDEX["sil"]), PhoneInterval(0.5, 2.0, INDEX["aa"]))
    return Utterance(speaker, samples, phones, speaker, "made")


def db(ratio: float) -> float:
    return float(20 * np.log10(ratio))


def test_a_room_falls_by_60_db_in_six_tenths_of_a_second() -> None:
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[1000] = 0.5
    heard = channels.in_room(click, seed=1)
    assert int(np.argmax(np.abs(heard))) == 1000
    assert np.abs(heard[:1000]).max() < 1e-6
    tail = np.square(heard[1001:].astype(np.float64))
    left_db = 10 * np.log10(np.cumsum(tail[::-1])[::-1] / tail.sum())  # Schroeder 1965
    at = [int(np.argmax(left_db < level)) / SAMPLE_RATE for level in (-5, -35)]
    assert 2 * (at[1] - at[0]) == pytest.approx(0.6, abs=0.05)
    np.testing.assert_array_equal(heard, channels.in_room(click, seed=1))
    assert (heard != channels.in_room(click, seed=2)).any()


def test_a_telephone_has_its_band_and_eight_bits_and_no_delay() -> None:
    heard = channels.by_telephone(NOISE)
    assert len(heard) == len(NOISE)
    hertz, power = signal.welch(heard, SAMPLE_RATE, nperseg=1024)
    inside = np.median(power[(hertz > 500) & (hertz < 3000)])
    for outside in (hertz < 150) & (hertz > 30), hertz > 4200:
        assert 10 * np.log10(power[outside].mean() / inside) < -15
    lag = np.argmax(signal.correlate(heard, NOISE)) - len(NOISE) + 1
    assert lag == 0
    tone = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)).astype("f4")
    error = channels.by_telephone(tone)[1000:-1000] - tone[1000:-1000]
    assert -45 < db(error.std() / tone.std()) < -25


def test_music_is_as_far_below_the_active_speech_as_asked() -> None:
    said = speaking()
    music = channels.over_music(said.samples, 5.0, seed=2) - said.samples
    ratio = active_level(said.samples) / np.sqrt(np.mean(music.astype(np.float64) ** 2))
    assert db(ratio) == pytest.approx(5.0, abs=0.2)


def test_a_voice_that_drops_does_so_where_the_second_part_begins() -> None:
    change = levels.drop(speaking(gain=0.3), speaking(), 20.0)
    boundary = 2 * SAMPLE_RATE
    before, after = change.changed.samples[:boundary], change.changed.samples[boundary:]
    assert db(active_level(before)) == pytest.approx(-20, abs=0.1)
    assert db(active_level(after)) == pytest.approx(-40, abs=0.1)
    assert db(active_level(change.usual.samples[boundary:])) == pytest.approx(-20, abs=0.1)
    np.testing.assert_array_equal(change.usual.samples[:boundary], before)
    assert change.moment_s == pytest.approx(2.5)
    assert [(p.label, p.start_s) for p in change.changed.phones] == [
        ("sil", 0.0), ("sil", 2.0), ("aa", 2.5),
    ]  # fmt: skip
    assert change.usual.phones == change.changed.phones


@pytest.mark.parametrize("louder", ["talker", "music"])
def test_quiet_speech_comes_after_three_loud_seconds_or_after_silence(louder: str) -> None:
    change = (
        levels.after_talker(speaking(), speaking("bob", 0.2))
        if louder == "talker"
        else levels.after_music(speaking(), seed=4)
    )
    boundary = 3 * SAMPLE_RATE
    loud, quiet = change.changed.samples[:boundary], change.changed.samples[boundary:]
    assert db(np.sqrt(np.mean(loud.astype(np.float64) ** 2))) == pytest.approx(-20, abs=1)
    assert db(active_level(quiet)) == pytest.approx(-33, abs=0.1)
    assert not change.usual.samples[:boundary].any()
    np.testing.assert_array_equal(change.usual.samples[boundary:], quiet)
    assert change.moment_s == pytest.approx(3.5)


@pytest.mark.parametrize("kind", ["cough", "laughter"])
def test_events_are_loud_within_their_spans_and_quiet_outside(kind: str) -> None:
    sound = no_speech.events(kind, seed=5)
    samples = sound.utterance.samples.astype(np.float64)
    times = np.arange(len(samples)) / SAMPLE_RATE
    inside = np.zeros(len(samples), np.bool_)
    for first_s, last_s in sound.spans_s:
        inside |= (times >= first_s) & (times < last_s)
    assert len(sound.spans_s) >= 2
    assert np.sqrt(np.mean(samples[inside] ** 2)) > 10 ** (-36 / 20)
    assert db(np.sqrt(np.mean(samples[~inside] ** 2))) == pytest.approx(-65, abs=3)
    assert {phone.label for phone in sound.utterance.phones} == {"sil"}
    np.testing.assert_array_equal(samples, no_speech.events(kind, seed=5).utterance.samples)


def test_laughter_comes_in_calls_at_four_to_seven_a_second() -> None:
    bout = no_speech.laughter(np.random.default_rng(7))
    level = np.sqrt(signal.fftconvolve(bout**2, np.hanning(800), "same").clip(0))
    calls, _ = signal.find_peaks(level, height=0.3 * level.max(), distance=1600)
    assert 4 <= (len(calls) - 1) / ((calls[-1] - calls[0]) / SAMPLE_RATE) <= 7
