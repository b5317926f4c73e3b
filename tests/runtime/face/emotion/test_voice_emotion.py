"""What a voice tells: more where it is raised, whoever speaks, and nothing of what is to come."""

from collections.abc import Iterable
from random import Random

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from facewire.animator.stream import AnimatorOptions, animate
from facewire.arkit import INDEX
from facewire.emotion import NAMES, Emotion
from facewire.face import Profile
from facewire.face.emotion.prosody import BRIGHTNESS, LEVEL, PITCH, Prosody
from facewire.face.emotion.voice_emotion import VoiceEmotion, arousal_of, emotion_from
from facewire.frames import Samples
from facewire_cli.demo import demo_clip

RATE = 16_000
HAPPY, ANGRY, SURPRISED = (NAMES.index(name) for name in ("happy", "angry", "surprised"))


def speech(seconds: float) -> Samples:
    """Return the bundled clip, over and over."""
    samples, rate = soundfile.read(demo_clip(), dtype="float32")
    assert rate == RATE
    sound: Samples = np.resize(samples.astype(np.float32), round(seconds * RATE))
    return sound


def raised(sound: Samples, factor: float, gain_db: float) -> Samples:
    """Return it higher and louder; faster, too, which nobody listens to."""
    places = np.arange(0, len(sound) - 1, factor)
    played = np.interp(places, np.arange(len(sound)), sound)
    louder: Samples = np.clip(played * 10 ** (gain_db / 20), -1, 1).astype(np.float32)
    return louder


def tone(hertz: float, seconds: float, share: float = 0.1) -> Samples:
    """Return a buzz: all harmonics up to 4 kHz."""
    times = np.arange(round(seconds * RATE)) / RATE
    count = int(4000 / hertz)
    sound = sum(np.cos(2 * np.pi * hertz * k * times) / k for k in range(1, count + 1))
    return (share * np.asarray(sound)).astype(np.float32)


def prosody_of(sound: Samples) -> Prosody:
    prosody = Prosody(RATE)
    for start in range(0, len(sound) - prosody.hop + 1, prosody.hop):
        prosody.hear(sound[start : start + prosody.hop])
    return prosody


def told(sound: Samples, at: Iterable[int]) -> list[Emotion]:
    voice = VoiceEmotion(RATE)
    voice.push(sound)
    return [voice.at(sample) for sample in at]


@pytest.mark.parametrize("hertz", [80, 110, 200, 300, 400])
def test_a_buzz_has_its_pitch_and_twice_the_amplitude_is_6_db(hertz: float) -> None:
    sound = np.concatenate([tone(hertz, 60, 0.1), tone(hertz * 1.06, 3, 0.2)])
    up = prosody_of(sound).raised
    # The present has come so far in 3 s, and what is usual a little of the way behind it.
    come = np.exp(-150 / 3000) - np.exp(-150 / 75)
    assert up[PITCH] == pytest.approx(12 * np.log2(1.06) * come, abs=0.1)
    assert up[LEVEL] == pytest.approx(6.02 * come, abs=0.1)
    assert up[BRIGHTNESS] == pytest.approx(0, abs=0.7)


def test_noise_has_no_voice_in_it() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(5 * RATE)
    prosody = prosody_of(noise.astype(np.float32))
    assert prosody.voiced < 10
    assert prosody.silent > 100


def test_a_room_far_below_the_voice_is_not_the_voice() -> None:
    sound = np.concatenate([tone(120, 3, 0.2), tone(120, 3, 0.005)])
    prosody = prosody_of(sound)
    assert prosody.voiced == pytest.approx(150, abs=2)
    assert prosody.raised[LEVEL] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("offset", [-0.02, 0.05])
def test_a_constant_that_a_sound_card_adds_is_no_voice(offset: float) -> None:
    pause = np.zeros(2 * RATE, np.float32)
    sound = np.concatenate([tone(120, 3, 0.05), pause, tone(120, 3, 0.05), pause])
    plain, shifted = prosody_of(sound), prosody_of(sound + np.float32(offset))
    assert shifted.voiced == pytest.approx(plain.voiced, abs=2)
    assert shifted.raised == pytest.approx(plain.raised, abs=0.05)
    assert abs(shifted.liveliness) < 0.1


@pytest.mark.parametrize("gain_db", [-20, 0, 10])
def test_a_raised_voice_is_aroused_whatever_the_microphone(gain_db: float) -> None:
    calm = 0.3 * speech(20)
    sound = np.concatenate([calm, raised(speech(10), 1.25, 0)]) * np.float32(10 ** (gain_db / 20))
    usual, up = prosody_of(sound[: 20 * RATE]), prosody_of(sound)
    assert abs(arousal_of(usual)) < 0.25
    assert arousal_of(up) > arousal_of(usual) + 0.3


def test_the_circumplex_has_joy_anger_sadness_and_calm_in_its_corners() -> None:
    corners = {(1, 0.5): "happy", (1, -0.5): "angry", (-1, -0.5): "sad", (-1, 0.5): "calm"}
    for (arousal, valence), name in corners.items():
        named = emotion_from(arousal, valence).named()
        assert max(named, key=lambda one: named[one]) == name
        assert sum(named.values()) <= 1
    assert emotion_from(0, 0).named() == {}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40_000), max_size=8), st.randoms(use_true_random=False))
def test_how_the_sound_is_cut_changes_nothing(cuts: list[int], chance: Random) -> None:
    sound = np.concatenate([speech(5), raised(speech(4), 1.2, 4)])
    moments = range(0, len(sound), 267)
    whole = told(sound, moments)
    voice, pushed, again = VoiceEmotion(RATE), 0, []
    for moment in moments:
        while pushed < moment:
            size = chance.choice([*cuts, 1000])
            voice.push(sound[pushed : pushed + size])
            pushed += size
        again.append(voice.at(moment))
    assert again == whole


def test_what_comes_later_does_not_count() -> None:
    sound = speech(8)
    moments = range(0, 6 * RATE, 267)
    other = np.concatenate([sound[: 6 * RATE], raised(speech(4), 1.3, 10)])
    assert told(sound, moments) == told(other, moments)


def test_what_was_not_asked_for_was_not_heard() -> None:
    sound = speech(12)
    voice, late = VoiceEmotion(RATE), VoiceEmotion(RATE)
    voice.push(sound)
    voice.skip(4 * RATE)
    late.push(sound[4 * RATE :])
    for moment in range(0, 8 * RATE, 800):
        assert voice.at(4 * RATE + moment) == late.at(moment)


def test_nothing_is_told_of_a_voice_that_is_new_or_silent() -> None:
    sound = np.concatenate([speech(12), raised(speech(3), 1.3, 6), np.zeros(5 * RATE, np.float32)])
    moments = {"new": RATE, "raised": 15 * RATE, "silent": len(sound)}
    by_name = dict(zip(moments, told(sound, moments.values()), strict=True))
    assert by_name["new"] == Emotion() == by_name["silent"]
    assert sum(by_name["raised"].shares) > 0.1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_one_bad_sample_does_no_harm_for_long(bad: float) -> None:
    sound = speech(14)
    spoilt = sound.copy()
    spoilt[9 * RATE] = bad
    right, wrong = told(sound, [14 * RATE])[0], told(spoilt, [14 * RATE])[0]
    assert np.allclose(wrong.shares, right.shares, atol=0.05)


def test_the_face_shows_it_where_it_is_wanted() -> None:
    sound = np.concatenate([0.3 * speech(12), raised(speech(8), 1.3, 0)])
    plain = animate(sound, RATE, AnimatorOptions(idle=False))
    profile = Profile(emotion={"voice": 1.0}, emotion_strength=1.0)
    felt = animate(sound, RATE, AnimatorOptions(idle=False, profile=profile))
    brow = INDEX["browOuterUpLeft"]
    rise = felt.weights[:, brow] - plain.weights[:, brow]
    rate = len(rise) / 20
    assert np.abs(rise[: int(rate)]).max() < 1e-3
    assert rise[int(14 * rate) : int(18 * rate)].mean() > 0.1
