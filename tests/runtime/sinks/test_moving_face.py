"""The face that helps to set up a receiver."""

from fractions import Fraction

import numpy as np
import pytest

from facewire import arkit
from facewire.frames import StreamSpec
from facewire.sinks.moving_face import EACH_S, MOVEMENTS, moving_face

SPEC = StreamSpec(frame_rate=Fraction(30_000, 1001))


def test_each_part_moves_alone_there_and_back() -> None:
    frames = list(moving_face(SPEC, EACH_S * len(MOVEMENTS)))
    assert len(frames) == SPEC.frame_count(round(EACH_S * len(MOVEMENTS) * SPEC.sample_rate))
    for movement in MOVEMENTS:
        moving = [frame for frame, seen in frames if seen is movement]
        assert len(moving) in (37, 38)
        peaks = np.max([frame.weights for frame in moving], axis=0)
        shown = {name for name, index in arkit.INDEX.items() if peaks[index] > 0}
        assert shown == set(movement.shapes)
        assert all(peaks[arkit.INDEX[name]] > 0.98 for name in shown)
        assert (max(frame.head[0] for frame in moving) > 0.3) is bool(movement.head[0])
        assert moving[0].weights.max() < 0.02


def test_it_begins_again() -> None:
    seen = [movement for _, movement in moving_face(SPEC, 3 * EACH_S * len(MOVEMENTS))]
    changes = [movement for last, movement in zip([None, *seen], seen, strict=False)
               if movement is not last]  # fmt: skip
    assert changes == [*MOVEMENTS] * 3


@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_time_is_that_of_the_stream(seconds: float) -> None:
    frames = [frame for frame, _ in moving_face(SPEC, seconds)]
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert [frame.timestamp for frame in frames] == [SPEC.timestamp(n) for n in range(len(frames))]
