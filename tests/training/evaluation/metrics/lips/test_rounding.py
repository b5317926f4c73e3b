from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire_engines.phones.phone_set import INDEX
from facewire_training.evaluation.metrics.lips.rounding import rounding_auc, roundness
from facewire_training.phones import PhoneInterval
from facewire_training.take import Take


def take(*frames: tuple[str, dict[str, float]]) -> Take:
    """Make a take of one frame a phone."""
    weights = np.zeros((len(frames), arkit.COUNT), np.float32)
    for row, (_, shapes) in zip(weights, frames, strict=True):
        for name, value in shapes.items():
            row[arkit.INDEX[name]] = value
    phones = [
        PhoneInterval(index / 10, (index + 1) / 10, INDEX[label])
        for index, (label, _) in enumerate(frames)
    ]
    return Take(weights, Fraction(10), tuple(phones))


def test_roundness_is_protrusion_less_width() -> None:
    faces = take(("uw", {"mouthPucker": 1.0}), ("iy", {"mouthSmileLeft": 1.0}), ("sil", {}))
    # From the table: pucker is 0.243 forward and 0.283 narrower, a smile 0.060 back, 0.216 wider.
    assert roundness(faces) == pytest.approx([0.526, -0.276, 0.0], abs=0.002)


def test_rounded_phones_are_told_from_spread_ones_by_their_frames() -> None:
    pucker, smile = {"mouthPucker": 0.5}, {"mouthSmileLeft": 0.5}
    right = take(("uw", pucker), ("ow", {}), ("iy", smile), ("aa", pucker), ("sil", smile))
    assert rounding_auc([right]) == 1.0
    # uw above s, below iy; sh below both: one pair of four.
    mixed = take(("uw", {}), ("sh", smile), ("iy", pucker), ("s", {"mouthSmileLeft": 0.3}))
    assert rounding_auc([mixed]) == pytest.approx(1 / 4)
