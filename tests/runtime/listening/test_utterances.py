"""Where somebody begins to speak, and where it is over, by both judges and for any pieces."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import facewire.listening.activity as activity
from facewire.frames import Samples
from facewire.listening.activity import (
    HOP,
    LoudnessActivity,
    SpeechActivity,
    has_silero,
    open_activity,
)
from facewire.listening.utterances import SpeechBegins, Utterance, UtteranceListener
from facewire_cli.demo import demo_clip

RATE = 16_000


def speech(seconds: float) -> Samples:
    samples, rate = soundfile.read(demo_clip(), frames=round(seconds * RATE), dtype="float32")
    assert rate == RATE
    sound: Samples = samples.astype(np.float32)
    return sound


def silence(seconds: float, seed: int = 0) -> Samples:
    """Return a quiet room."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (0.0005 * noise).astype(np.float32)


@pytest.fixture(params=["silero", "loudness"])
def judge(request: pytest.FixtureRequest) -> SpeechActivity:
    if request.param == "loudness":
        return LoudnessActivity()
    if not has_silero():
        pytest.skip(f"silero-vad is not installed: {activity.INSTALL}")
    return open_activity()


def test_two_utterances_are_heard_with_their_beginnings(judge: SpeechActivity) -> None:
    said = speech(2.4)
    sound = np.concatenate([silence(1), said, silence(1.5), said, silence(1.5)])
    told = UtteranceListener(judge).push(sound)
    kinds = [type(event) for event in told]
    assert kinds == [SpeechBegins, Utterance, SpeechBegins, Utterance]
    for number, begins in enumerate((1.0, 4.9)):
        first, last = told[2 * number], told[2 * number + 1]
        assert isinstance(first, SpeechBegins)
        assert isinstance(last, Utterance)
        assert begins < first.sample / RATE < begins + 0.9  # the clip begins with a breath
        assert begins + 1.7 < last.end / RATE < begins + 2.7
        assert 0.45 <= (last.known - last.end) / RATE <= 0.55
        assert last.whole
        # What was before the first sound that is sure is kept.
        assert len(last.samples) >= last.end - first.sample


def test_no_torch_is_needed_to_hear() -> None:
    before = "torch" in sys.modules
    open_activity().probability(np.zeros(HOP, np.float32))
    assert ("torch" in sys.modules) == before
    assert "silero_vad" not in sys.modules


def test_without_its_package_loudness_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "find_spec", lambda name: None)
    assert not has_silero()
    assert isinstance(open_activity(), LoudnessActivity)


@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=12))
def test_pieces_change_nothing(cuts: list[int]) -> None:
    sound = np.concatenate([silence(0.5), speech(1.6), silence(0.8)])
    whole = UtteranceListener(LoudnessActivity()).push(sound)
    listener, told, start = UtteranceListener(LoudnessActivity()), [], 0
    while start < len(sound):
        size = cuts[start % len(cuts)]
        told += listener.push(sound[start : start + size])
        start += size
    assert [type(event) for event in told] == [type(event) for event in whole]
    for one, other in zip(told, whole, strict=True):
        if isinstance(one, Utterance):
            assert isinstance(other, Utterance)
            np.testing.assert_array_equal(one.samples, other.samples)


def test_silence_for_ever_and_clicks_say_nothing(judge: SpeechActivity) -> None:
    sound = np.concatenate([silence(1, seed) for seed in range(60)])
    sound[RATE::RATE] = 0.9  # a click each second
    sound[-RATE:] = 0
    assert UtteranceListener(judge).push(sound) == []


def test_speech_without_end_is_cut_and_the_next_is_heard_after_a_pause() -> None:
    said = np.tile(speech(1.6)[8_000:], 20)  # 22 s without a pause
    listener = UtteranceListener(LoudnessActivity(), longest_s=5)
    told = listener.push(np.concatenate([silence(1), said]))
    assert [type(event) for event in told] == [SpeechBegins, Utterance]
    cut = told[1]
    assert isinstance(cut, Utterance)
    assert not cut.whole
    assert len(cut.samples) == pytest.approx(5 * RATE, abs=HOP)
    told = listener.push(np.concatenate([silence(1), speech(2), silence(1)]))
    assert [type(event) for event in told] == [SpeechBegins, Utterance]


def test_the_file_that_is_used_is_the_packages_own() -> None:
    if not has_silero():
        pytest.skip(f"silero-vad is not installed: {activity.INSTALL}")
    path = activity._silero_file()
    assert path is not None
    assert Path(path).parent.name == "data"
