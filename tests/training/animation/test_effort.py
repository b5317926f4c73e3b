import numpy as np
import pytest
from numpy.typing import NDArray

from facewire_training.animation.effort import effort_from_audio, loudness_db

RATE = 16_000


def tone(level: float, seconds: float, hz: float = 440.0) -> NDArray[np.float32]:
    times = np.arange(int(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def test_a_tone_has_the_level_of_its_power() -> None:
    # A sine of amplitude 0.1 has a power of 0.005: -23.0 dB.
    assert loudness_db(tone(0.1, 1.0), RATE)[20:80] == pytest.approx(-23.0, abs=0.1)


def test_rumble_and_hiss_are_not_voice() -> None:
    voice = loudness_db(tone(0.1, 0.5), RATE)[25]
    assert loudness_db(tone(0.1, 0.5, hz=20.0), RATE)[25] < voice - 20
    assert loudness_db(tone(0.1, 0.5, hz=7000.0), RATE)[25] < voice - 20


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 48_000])
def test_there_is_one_value_for_each_10_ms_begun(samples: int) -> None:
    effort = effort_from_audio(tone(0.1, 3.0)[:samples], RATE)
    assert effort.shape == (-(-samples // 160),)
    assert effort.dtype == np.float32


def test_usual_speech_is_zero_louder_is_positive_and_silence_is_least() -> None:
    speech = np.concatenate([tone(0.1, 2.0), tone(0.4, 1.0), tone(0.02, 1.0), np.zeros(RATE)])
    effort = effort_from_audio(speech.astype(np.float32), RATE)
    assert effort[100] == pytest.approx(0.0, abs=0.01)
    # 12.04 dB up is tanh(1.003), 13.98 dB down is -tanh(1.165).
    assert effort[250] == pytest.approx(0.763, abs=0.01)
    assert effort[350] == pytest.approx(-0.823, abs=0.01)
    assert effort[450] < -0.99


def test_effort_does_not_depend_on_the_level_of_the_recording() -> None:
    rng = np.random.default_rng(0)
    speech = (rng.standard_normal(RATE * 2) * np.repeat([0.1, 0.02, 0.3, 0.05], RATE // 2)).astype(
        np.float32
    )
    np.testing.assert_allclose(
        effort_from_audio(speech, RATE), effort_from_audio(speech / 8, RATE), atol=1e-3
    )


def test_nothing_to_hear_is_no_effort() -> None:
    assert not effort_from_audio(np.zeros(RATE, np.float32), RATE).any()
    assert effort_from_audio(np.zeros(0, np.float32), RATE).shape == (0,)
    broken = np.full(RATE, np.nan, np.float32)
    assert not effort_from_audio(broken, RATE).any()
