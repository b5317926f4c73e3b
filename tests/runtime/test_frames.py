from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire import arkit
from facewire.frames import AudioChunk, BlendshapeFrame, Stamps, StreamSpec

NTSC = Fraction(30_000, 1001)
DAY = 86_400

rates = st.fractions(min_value=1, max_value=240, max_denominator=1001)


def test_a_chunk_knows_its_end() -> None:
    chunk = AudioChunk(np.zeros(160, np.float32), 1600, 16_000)
    assert chunk.end == 1760
    assert chunk.captured == 0


def test_values_cannot_be_changed() -> None:
    frame = BlendshapeFrame(np.zeros(52, np.float32), 0, 0)
    with pytest.raises(FrozenInstanceError):
        frame.index = 1  # type: ignore[misc] # the point of the test


def test_a_frame_has_quiet_defaults() -> None:
    frame = BlendshapeFrame(np.zeros(52, np.float32), 3, 800)
    assert (frame.turn, frame.speech, frame.head) == (0, 1.0, (0.0, 0.0, 0.0))
    assert frame.stamps == Stamps(0, 0, 0, 0, 0)


def test_ntsc_does_not_drift_in_a_day() -> None:
    spec = StreamSpec(frame_rate=NTSC)
    frames = 30_000 * 86
    assert spec.timestamp(frames) == 16_000 * 1001 * 86
    assert spec.frame_count(16_000 * 1001 * 86) == frames


def test_ntsc_frames_of_a_day_are_counted_exactly() -> None:
    spec = StreamSpec(frame_rate=NTSC)
    count = spec.frame_count(16_000 * DAY)
    assert count == -(-DAY * 30_000 // 1001)
    assert spec.timestamp(count - 1) < 16_000 * DAY <= spec.timestamp(count)


def test_timestamps_of_60_and_30_frames_a_second_meet() -> None:
    fast, slow = StreamSpec(frame_rate=Fraction(60)), StreamSpec(frame_rate=Fraction(30))
    assert [fast.timestamp(index) for index in range(4)] == [0, 266, 533, 800]
    assert all(fast.timestamp(2 * index) == slow.timestamp(index) for index in range(1000))


@given(rate=rates, sample_rate=st.integers(8_000, 192_000), samples=st.integers(0, 10**12))
def test_frame_count_is_the_number_of_timestamps_before(
    rate: Fraction, sample_rate: int, samples: int
) -> None:
    spec = StreamSpec(sample_rate=sample_rate, frame_rate=rate)
    count = spec.frame_count(samples)
    assert spec.timestamp(count) >= samples
    assert count == 0 or spec.timestamp(count - 1) < samples


@given(rate=rates, index=st.integers(0, 10**9))
def test_timestamps_are_never_more_than_a_sample_off(rate: Fraction, index: int) -> None:
    spec = StreamSpec(frame_rate=rate)
    exact = Fraction(index * 16_000) / rate
    assert 0 <= exact - spec.timestamp(index) < 1
    assert spec.timestamp(index + 1) > spec.timestamp(index)


def test_no_audio_has_no_frame_and_one_sample_has_the_first() -> None:
    spec = StreamSpec()
    assert spec.frame_count(0) == 0
    assert spec.frame_count(1) == 1
    assert spec.frame_count(266) == 1
    assert spec.frame_count(267) == 2


def test_lookahead_is_told_in_milliseconds() -> None:
    assert StreamSpec().lookahead_ms == 80.0
    assert StreamSpec(sample_rate=48_000, lookahead=480).lookahead_ms == 10.0


def test_names_are_arkits_by_default() -> None:
    assert StreamSpec().names == arkit.NAMES


@pytest.mark.parametrize(
    ("sample_rate", "frame_rate", "lookahead"),
    [(0, Fraction(60), 0), (16_000, Fraction(0), 0), (16_000, Fraction(-1), 0), (16_000, 60, -1)],
)
def test_impossible_streams_are_refused(
    sample_rate: int, frame_rate: Fraction, lookahead: int
) -> None:
    with pytest.raises(ValueError, match="impossible stream"):
        StreamSpec(sample_rate, Fraction(frame_rate), lookahead)
