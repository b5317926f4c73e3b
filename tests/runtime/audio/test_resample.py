import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from facewire.audio.polyphase import KAISER_BETA, LOBES, PolyphaseResampler
from facewire.audio.resample import StreamResampler, round_half_up
from facewire.errors import ConfigError
from facewire.frames import Samples

RATES = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 44_101)
ODD_RATES = (8_001, 15_999, 44_101, 96_001, 191_969, 191_999, 767_957)
"""Without a divisor in common with 16 kHz."""


def resample(
    resampler: StreamResampler, block: NDArray[np.float32], cuts: Sequence[int] = ()
) -> Samples:
    pieces = [resampler.push(piece) for piece in np.split(block, cuts)]
    return np.concatenate((*pieces, resampler.flush()))


def noise(count: int, channels: int = 1, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    return (0.2 * random.standard_normal((count, channels))).astype(np.float32)


def tone(rate: int, frequency_hz: float, seconds: float = 1.0) -> Samples:
    time = np.arange(round(rate * seconds)) / rate
    return (0.5 * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


@settings(max_examples=60)
@given(
    rate=st.sampled_from((*RATES, 191_999)),
    channels=st.integers(1, 9),
    live=st.booleans(),
    cuts=st.lists(st.integers(0, 20_000), max_size=40).map(sorted),
)
def test_the_cut_of_the_input_changes_nothing(
    rate: int, channels: int, live: bool, cuts: list[int]
) -> None:
    block = noise(20_000, channels)
    whole = resample(StreamResampler(rate, 16_000, channels, live=live), block)
    cut = resample(StreamResampler(rate, 16_000, channels, live=live), block, cuts)
    np.testing.assert_array_equal(cut, whole)


@pytest.mark.parametrize("rate", ODD_RATES)
def test_no_rate_needs_a_large_filter(rate: int) -> None:
    tracemalloc.start()
    try:
        StreamResampler(rate, live=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize("rate", [11_025, 44_100, *ODD_RATES])
def test_every_output_is_that_of_its_own_filter(rate: int) -> None:
    """The filter of each output is computed here without a table."""
    block = noise(rate // 20)[:, 0]
    made = PolyphaseResampler(rate, 16_000).push(block)
    scale = min(1.0, 16_000 / rate)
    half = int(np.ceil(LOBES / scale))
    times = np.arange(len(made)) * rate / 16_000
    near = np.floor(times)[:, None] + np.arange(1 - half, half + 1)
    inside = np.clip(1 - ((near - times[:, None]) / half) ** 2, 0, None)
    taps = np.sinc(scale * (near - times[:, None])) * np.i0(KAISER_BETA * np.sqrt(inside))
    heard = np.pad(block, half)[near.astype(int) + half]
    expected = (taps / taps.sum(axis=1, keepdims=True) * heard).sum(axis=1)
    assert np.linalg.norm(made - expected) < 1e-4 * np.linalg.norm(expected)  # -80 dB


@pytest.mark.parametrize("live", [False, True])
def test_one_sample_at_a_time_changes_nothing(live: bool) -> None:
    block = noise(5_000)
    cut = resample(StreamResampler(48_000, live=live), block, range(1, 5_000))
    np.testing.assert_array_equal(cut, resample(StreamResampler(48_000, live=live), block))


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("rate", RATES)
def test_the_length_is_the_exact_ratio_rounded(rate: int, live: bool) -> None:
    for count in (0, 1, 2, 3, 7, 100, 1_001, 44_099):
        made = resample(StreamResampler(rate, 16_000, live=live), noise(count))
        assert len(made) == round_half_up(count * 16_000, rate)


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("rate", RATES)
def test_sample_zero_stays_sample_zero(rate: int, live: bool) -> None:
    made = resample(StreamResampler(rate, 16_000, live=live), tone(rate, 440))
    inner = slice(2_000, -2_000)
    np.testing.assert_allclose(made[inner], tone(16_000, 440)[inner], atol=1e-3)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_the_short_filter_agrees_with_the_library(rate: int, speech_like: Samples) -> None:
    """Speech is brought to the rate by the library first, so that nothing lies above its band."""
    narrow = resample(StreamResampler(16_000, 8_000), speech_like)
    speech = resample(StreamResampler(8_000, rate), narrow)
    short = resample(StreamResampler(rate, 16_000, live=True), speech)
    long = resample(StreamResampler(rate, 16_000), speech)
    assert np.linalg.norm(short - long) < 0.01 * np.linalg.norm(long)


@pytest.mark.parametrize("live", [False, True])
def test_what_the_new_rate_cannot_carry_is_removed(live: bool) -> None:
    made = resample(StreamResampler(48_000, live=live), tone(48_000, 11_000))
    assert np.abs(made[2_000:-2_000]).max() < 0.001


@pytest.mark.parametrize(("rate", "most_ms"), [(8_000, 3.2), (44_100, 1.6), (48_000, 1.6)])
def test_a_live_stream_holds_little_back(rate: int, most_ms: float) -> None:
    made = StreamResampler(rate, live=True).push(noise(rate))
    assert (16_000 - len(made)) / 16 <= most_ms


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_an_hour_does_not_drift(rate: int) -> None:
    """An hour of silence and then a tone: it begins where it belongs, and the length is exact."""
    resampler = StreamResampler(rate)
    silence = np.zeros(rate * 60 + 1, np.float32)
    before = [resampler.push(silence) for _ in range(60)]
    after = np.concatenate((resampler.push(tone(rate, 440)), resampler.flush()))
    taken = 60 * len(silence) + rate
    assert sum(map(len, before)) + len(after) == round_half_up(taken * 16_000, rate)
    delay = 60 * len(silence) * 16_000 / rate - sum(map(len, before))
    time = (np.arange(len(after)) - delay) / 16_000
    expected = 0.5 * np.sin(2 * np.pi * 440 * time)
    inner = slice(round(delay) + 2_000, -2_000)
    np.testing.assert_allclose(after[inner], expected[inner], atol=1e-3)


@pytest.mark.parametrize("rate", [44_100, 44_101])
def test_a_live_stream_does_not_drift(rate: int) -> None:
    """The short filter counts in integers: after ten minutes it is where it was."""
    resampler = StreamResampler(rate, live=True)
    block = np.zeros(rate * 10 + 1, np.float32)
    made = sum(len(resampler.push(block)) for _ in range(60))
    made += len(resampler.flush())
    assert made == round_half_up(60 * len(block) * 16_000, rate)


def test_channels_are_averaged() -> None:
    block = np.zeros((100, 6), np.float32)
    block[:, 2] = 0.6
    made = resample(StreamResampler(16_000, 16_000, 6), block)
    np.testing.assert_allclose(made, 0.1, atol=1e-7)


@pytest.mark.parametrize("live", [False, True])
def test_what_is_not_a_number_becomes_silence(live: bool) -> None:
    broken, mended = tone(48_000, 300), tone(48_000, 300)
    broken[[10, 500, 40_000]] = [np.nan, np.inf, -np.inf]
    mended[[10, 500, 40_000]] = 0
    resampler = StreamResampler(48_000, live=live)
    made = resample(resampler, broken)
    np.testing.assert_array_equal(made, resample(StreamResampler(48_000, live=live), mended))
    assert resampler.replaced == 3


@pytest.mark.parametrize("live", [False, True])
def test_the_result_stays_within_full_scale(live: bool) -> None:
    square = np.float32(1e30) * np.sign(tone(48_000, 100))
    made = resample(StreamResampler(48_000, live=live), square)
    assert np.isfinite(made).all()
    assert np.abs(made).max() == 1


def test_a_rate_that_is_not_of_audio_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 Hz is not a sample rate"):
        StreamResampler(0)


def test_another_number_of_channels_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="expected 2 channels"):
        StreamResampler(48_000, 16_000, 2).push(noise(10, 3))


def test_nothing_comes_after_the_end() -> None:
    resampler = StreamResampler(48_000)
    resampler.flush()
    with pytest.raises(ValueError, match="ended"):
        resampler.push(noise(10))
