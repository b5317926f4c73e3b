import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.motion.shape_groups import group_amplitude, group_mean
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def ramp() -> Take:
    """Let shapes rise from 0 to 1 in 101 frames of speech, and stay there in silence."""
    weights = np.zeros((150, arkit.COUNT), np.float32)
    rise = np.concatenate((np.linspace(0, 1, 101), np.ones(49)))
    for name in ("mouthFunnel", "jawOpen", "mouthSmileLeft"):
        weights[:, arkit.INDEX[name]] = rise
    phones = (PhoneInterval(0, 1.01, INDEX["aa"]), PhoneInterval(1.01, 1.5, INDEX["sil"]))
    return Take(weights, Fraction(100), phones)


def test_it_is_the_95th_percentile_in_speech_of_the_mean_of_both_sides() -> None:
    assert group_amplitude([ramp()], "funnel") == pytest.approx(0.95)
    assert group_amplitude([ramp()], "smile") == pytest.approx(0.475)
    assert group_mean([ramp()], "jaw") == pytest.approx(0.5)


def test_what_was_not_captured_has_no_amplitude() -> None:
    known = np.array([name != "mouthFunnel" for name in arkit.NAMES])
    assert math.isnan(group_amplitude([replace(ramp(), known=known)], "funnel"))
    assert group_amplitude([replace(ramp(), known=known)], "jaw") == pytest.approx(0.95)
    assert math.isnan(group_mean([], "jaw"))
