"""From one face to another without a jump."""

from dataclasses import replace

import numpy as np
import pytest

from facewire.face.easing import Easing
from facewire.frames import BlendshapeFrame

OPEN = BlendshapeFrame(np.ones(52, np.float32), 0, 0, head=(0.3, 0.0, -0.3))
REST = BlendshapeFrame(np.zeros(52, np.float32), 0, 0)


def eased(easing: Easing, timestamp: int) -> BlendshapeFrame:
    return easing.apply(replace(REST, timestamp=timestamp))


def test_it_starts_with_the_old_face_and_ends_with_the_new() -> None:
    easing = Easing(OPEN, start=1_000, length=1_920)
    for before in (0, 1_000):
        np.testing.assert_array_equal(eased(easing, before).weights, OPEN.weights)
        assert eased(easing, before).head == OPEN.head
    assert easing.end == 2_920
    after = replace(REST, timestamp=2_920)
    assert easing.apply(after) is after


@pytest.mark.parametrize("frame_rate", [30, 60, 120])
def test_no_step_is_larger_than_its_slope_allows(frame_rate: int) -> None:
    easing = Easing(OPEN, start=0, length=1_920)
    hop = 16_000 // frame_rate
    path = [float(eased(easing, t).weights[17]) for t in range(-hop, 1_920 + 2 * hop, hop)]
    steps = np.diff(path)
    assert (steps <= 0).all()
    assert np.abs(steps).max() <= 1.5 * hop / 1_920
    assert path[-1] == 0


def test_everything_else_is_that_of_the_new_face() -> None:
    frame = replace(REST, timestamp=960, index=7, turn=3, speech=0.25)
    middle = Easing(OPEN, start=0, length=1_920).apply(frame)
    assert (middle.index, middle.turn, middle.speech) == (frame.index, frame.turn, frame.speech)
    assert middle.weights[17] == pytest.approx(0.5)
    assert middle.head == pytest.approx((0.15, 0.0, -0.15))
