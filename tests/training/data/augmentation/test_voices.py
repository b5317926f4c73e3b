"""Other voices: how high, how fast, how long, and where the labels went."""

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("scipy", reason="install scipy: pip install -e '.[train]'")

from scipy import signal

from facewire_training.data.augmentation.voice import (
    change_speed,
    change_voice,
    stretch,
    vibrate,
)

Floats = NDArray[np.float32]


def vowel(pitch_hz: float, formants_hz: tuple[float, ...], seconds: float = 2.0) -> Floats:
    """Return pulses through resonances: a vowel whose pitch and formants are known."""
    pulses = np.zeros(int(seconds * 16_000))
    pulses[(np.arange(0, seconds, 1 / pitch_hz) * 16_000).astype(int)] = 1
    for formant in formants_hz:
        pole = np.exp(-np.pi * 80 / 16_000 + 2j * np.pi * formant / 16_000)
        pulses = signal.lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], pulses)
    return np.asarray(0.3 * pulses / np.abs(pulses).max(), np.float32)


def formants(samples: Floats) -> NDArray[np.float64]:
    """Return the peaks below 4 kHz of the spectrum, smoothed over 300 Hz."""
    hz, power = signal.welch(samples, 16_000, nperseg=4096)
    smooth = np.convolve(np.log(power + 1e-12), np.hanning(77) / 38, mode="same")
    peaks, _ = signal.find_peaks(smooth[hz < 4000], prominence=1)
    return np.asarray(hz[peaks])


def pitch(samples: Floats) -> float:
    """Return the pitch in Hz, by autocorrelation over 0.2 s in the middle."""
    middle = samples[len(samples) // 2 :][:3200].astype(float)
    product = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    lags = np.arange(16_000 // 500, 16_000 // 70)
    return 16_000 / float(lags[product[lags].argmax()])


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.07, 1.2])
def test_speed_moves_labels_with_the_sound(factor: float) -> None:
    labels = np.repeat(np.arange(20, dtype=np.uint8), 10)
    samples = np.zeros(200 * 160, np.float32)
    samples[100 * 160 :] = np.sin(np.arange(100 * 160) * 0.3)
    played, places = change_speed(samples, len(labels), factor)
    moved = labels[places]
    assert len(played) == 160 * len(moved)
    assert abs(len(moved) - 200 / factor) <= 1
    onset = int(np.flatnonzero(np.abs(played) > 0.3)[0])
    assert abs(onset - int(np.flatnonzero(moved == 10)[0]) * 160) <= 170


def test_speed_raises_the_pitch() -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(32_000) / 16_000).astype(np.float32)
    played, _ = change_speed(tone, 200, 1.2)
    spectrum = np.abs(np.fft.rfft(played))
    assert abs(spectrum.argmax() * 16_000 / len(played) - 600) < 3


@pytest.mark.parametrize("factor", [1.2, 1.33, 1.5])
def test_a_higher_voice_has_pitch_and_formants_raised_together_in_the_same_time(
    factor: float,
) -> None:
    said = vowel(110.0, (650.0, 1400.0, 2400.0))
    heard, places = change_voice(said, 200, factor, 1.0)
    assert abs(len(heard) - len(said)) <= 320
    assert pitch(heard) / pitch(said) == pytest.approx(factor, rel=0.02)
    before, after = formants(said), formants(heard)
    assert len(before) == 3
    np.testing.assert_allclose(after[:2] / before[:2], factor, rtol=0.05)
    np.testing.assert_array_equal(places, np.arange(len(places)))


@pytest.mark.parametrize("factor", [0.7, 1.5, 3.0])
def test_stretching_leaves_pitch_and_formants_alone(factor: float) -> None:
    said = vowel(140.0, (500.0, 1500.0))
    heard = stretch(said, factor)
    assert len(heard) == round(len(said) * factor)
    assert pitch(heard) == pytest.approx(pitch(said), rel=0.02)
    np.testing.assert_allclose(formants(heard)[:2], formants(said)[:2], rtol=0.03)


@pytest.mark.parametrize(("factor", "tempo"), [(1.4, 1.0), (1.2, 0.4), (0.9, 1.3), (1.0, 0.8)])
def test_a_sound_stays_at_its_label(factor: float, tempo: float) -> None:
    samples = np.zeros(300 * 160, np.float32)
    samples[120 * 160 : 220 * 160] = vowel(120.0, (600.0, 1200.0), seconds=1.0)
    labels = (np.arange(300) // 10 % 30).astype(np.uint8)
    heard, places = change_voice(samples, 300, factor, tempo)
    assert len(heard) == 160 * len(places)
    loud = np.abs(heard.reshape(-1, 160)).max(axis=1) > 0.02
    first, last = np.flatnonzero(loud)[[0, -1]]
    moved, near = labels[places], 2 / min(tempo, 1)  # 20 ms of what was said
    assert abs(first - int(np.flatnonzero(moved == 12)[0])) <= near
    assert abs(last - int(np.flatnonzero(moved == 21)[-1])) <= 1.5 * near


def test_vibrato_sways_and_stays_in_time() -> None:
    tone = np.sin(2 * np.pi * 400 * np.arange(32_000) / 16_000).astype(np.float32)
    heard = vibrate(tone, np.random.default_rng(0))
    phase = np.unwrap(np.angle(signal.hilbert(heard)))[2000:-2000]
    hz = np.diff(phase) * 16_000 / (2 * np.pi)
    assert 404 < hz.max() < 426
    assert 376 < hz.min() < 396
    shift = (phase - 2 * np.pi * 400 * np.arange(2000, 30_000) / 16_000) / (2 * np.pi * 400)
    assert np.ptp(shift) < 0.005


def test_the_same_seed_sways_alike() -> None:
    tone = np.sin(np.arange(8000) * 0.1).astype(np.float32)
    first, again = (vibrate(tone, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, vibrate(tone, np.random.default_rng(2)))
