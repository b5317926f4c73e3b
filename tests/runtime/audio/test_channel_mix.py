"""Channels that cancel: what is heard of them, without clicks, however the input is cut."""

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from facewire.audio.channel_mix import ChannelMix
from facewire.audio.resample import StreamResampler
from facewire.frames import Samples
from facewire.sources.sound_file import SoundFile

RATE = 16_000


def mixed(columns: NDArray[np.float32], rate: int = RATE) -> tuple[Samples, int]:
    """Return what is heard, and how often it was told that channels cancel."""
    told: list[None] = []
    mix = ChannelMix(columns.shape[1], rate, lambda: told.append(None))
    return mix.mix(columns.astype(np.float32)), len(told)


def level(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def test_a_channel_that_is_turned_round_is_heard(speech_like: Samples) -> None:
    made, told = mixed(np.stack((speech_like, -speech_like), axis=1))
    assert level(made[:640]) < level(speech_like)
    np.testing.assert_array_equal(made[3_200:], speech_like[3_200:])
    assert told == 1


@pytest.mark.parametrize("right", [-0.9, -0.6])
def test_the_stronger_channel_is_the_one(speech_like: Samples, right: float) -> None:
    made, _ = mixed(np.stack((speech_like * right, speech_like), axis=1).astype(np.float32))
    np.testing.assert_array_equal(made[3_200:], speech_like[3_200:])


def test_four_pairs_that_cancel_are_heard(speech_like: Samples) -> None:
    gains = np.array([0.1, -0.1, 0.9, -0.9, 0.4, -0.4, 0.2, -0.2], np.float32)
    made, told = mixed(speech_like[:, None] * gains)
    assert level(made[3_200:]) == pytest.approx(0.9 * level(speech_like[3_200:]), rel=1e-3)
    assert told == 1


@pytest.mark.parametrize("kind", ["equal", "one side", "independent", "delayed", "noise", "six"])
def test_usual_channels_are_averaged_to_the_bit(speech_like: Samples, kind: str) -> None:
    random = np.random.default_rng(1)
    noise = 0.1 * random.standard_normal((len(speech_like), 6)).astype(np.float32)
    other = np.roll(speech_like[::-1], 7_000)
    channels = {
        "equal": [speech_like, speech_like],
        "one side": [speech_like, np.zeros_like(speech_like)],
        "independent": [speech_like, other],
        "delayed": [speech_like, np.roll(speech_like, 5)],
        "noise": [speech_like + noise[:, 0], speech_like + noise[:, 1]],
        "six": [*noise.T],
    }[kind]
    columns = np.clip(np.stack(channels, axis=1), -1, 1).astype(np.float32)
    total = columns[:, 0].copy()
    for column in columns.T[1:]:
        total += column
    made, told = mixed(columns)
    np.testing.assert_array_equal(made, total / np.float32(len(channels)))
    assert told == 0


def test_going_over_and_back_has_no_click() -> None:
    """A soft tone is turned round in one channel after a second, and back after two."""
    time_s = np.arange(3 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 110 * time_s)).astype(np.float32)
    turned = np.where((time_s >= 1) & (time_s < 2), -1.0, 1.0)
    made, told = mixed(np.stack((tone, turned * tone), axis=1).astype(np.float32))
    steepest = 0.3 * 2 * np.pi * 110 / RATE
    inside = np.abs(np.diff(made))
    # Where the input itself jumps, so may what is heard of it.
    inside[[RATE - 1, 2 * RATE - 1]] = 0
    assert inside.max() < 1.5 * steepest
    assert level(made[int(1.5 * RATE) : 2 * RATE]) == pytest.approx(level(tone), rel=0.01)
    np.testing.assert_allclose(made[-RATE // 2 :], tone[-RATE // 2 :], atol=1e-6)
    assert told == 1


def test_what_is_too_quiet_decides_nothing(speech_like: Samples) -> None:
    quiet = (speech_like * 0.0005).astype(np.float32)
    made, told = mixed(np.stack((quiet, -quiet), axis=1))
    np.testing.assert_array_equal(made, 0)
    assert told == 0


@settings(max_examples=40)
@given(
    rate=st.sampled_from((8_000, 16_000, 44_100)),
    channels=st.integers(2, 5),
    live=st.booleans(),
    cuts=st.lists(st.integers(0, 20_000), max_size=40).map(sorted),
)
def test_the_cut_changes_nothing_where_channels_cancel(
    rate: int, channels: int, live: bool, cuts: list[int]
) -> None:
    """The sign of a channel changes again and again, so that there are many decisions."""
    random = np.random.default_rng(channels)
    voice = 0.2 * random.standard_normal(20_000)
    signs = np.repeat(random.choice((-1.0, 1.0), (10, channels)), 2_000, axis=0)
    block = (voice[:, None] * signs).astype(np.float32)
    heard = []
    for pieces in ([block], np.split(block, cuts)):
        resampler = StreamResampler(rate, 16_000, channels, live=live)
        heard.append(np.concatenate([*map(resampler.push, pieces), resampler.flush()]))
    np.testing.assert_array_equal(heard[0], heard[1])


def test_a_file_whose_channels_cancel_is_heard_and_said_once(
    speech_like: Samples, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack((speech_like, -speech_like), 1), 16_000, "FLOAT")
    file = SoundFile(tmp_path / "a.wav")
    made = np.concatenate([chunk.samples for chunk in file])
    list(file)
    np.testing.assert_array_equal(made[3_200:], speech_like[3_200:])
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "a.wav cancel each other" in record.message
