"""Which hops share a run of the encoder, worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest

from facewire.frames import StreamSpec
from facewire_engines.hearing.hop_groups import HopGroups

HOP = 160


def lengths(groups: HopGroups, hops: int) -> list[int]:
    samples = np.zeros((hops, HOP), np.float32)
    return [len(group) // HOP for group in groups.add(samples)]


@pytest.mark.parametrize(
    ("frame_rate", "lookahead_ms", "expected"),
    [
        # Frames at 0, 16.7, 33.3, 50 ... ms, each heard 80 ms later: after 8, 9, 11, 13 hops.
        (60, 80, [4, 4, 1, 2, 2]),
        # At 0, 33.3, 66.7, 100 ms: after 0 (nothing to hear), 3, 6, 10 hops.
        (30, 0, [3, 3, 4]),
        # More frames than hops.
        (240, 0, [1, 1, 1, 1, 1]),
        # A frame a second: as many hops together as one run may take.
        (1, 0, [4, 4, 4]),
    ],
)
def test_a_group_ends_where_a_frame_has_heard_all_it_may(
    frame_rate: int, lookahead_ms: int, expected: list[int]
) -> None:
    spec = StreamSpec(16_000, Fraction(frame_rate), lookahead_ms * 16)
    assert lengths(HopGroups(spec, HOP, 4), sum(expected)) == expected
    one_by_one = HopGroups(spec, HOP, 4)
    cut = [length for _ in range(sum(expected)) for length in lengths(one_by_one, 1)]
    assert cut == expected


def test_what_is_held_is_a_group_when_the_look_ahead_changes() -> None:
    spec = StreamSpec(16_000, Fraction(60), 80 * 16)
    groups = HopGroups(spec, HOP, 4)
    assert lengths(groups, 10) == [4, 4, 1]
    groups.retune(StreamSpec(16_000, Fraction(60), 0))
    # Ten hops heard: with no look-ahead the frames of 100 and 117 ms end after 10 and 11.
    assert lengths(groups, 3) == [1, 1, 2]
    assert groups.heard == 13
    # Back: the frames of 67, 83 and 100 ms have not been made and are heard after 14, 16, 18.
    groups.retune(spec)
    assert lengths(groups, 5) == [1, 2, 2]


def test_a_change_of_look_ahead_while_nothing_is_held_splits_no_group() -> None:
    spec = StreamSpec(16_000, Fraction(60), 80 * 16)
    for cut in (1, 4):
        groups = HopGroups(spec, HOP, 4)
        assert lengths(groups, 9) == [4, 4, 1]
        groups.retune(spec)
        found = [length for _ in range(4 // cut) for length in lengths(groups, cut)]
        assert found == [2, 2]


def test_one_hop_at_a_time_where_a_run_takes_one() -> None:
    spec = StreamSpec(16_000, Fraction(30), 0)
    assert lengths(HopGroups(spec, HOP, 1), 5) == [1] * 5
