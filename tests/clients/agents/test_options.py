"""What the options of an agent's face refuse."""

import math
from typing import Any

import pytest

from facewire.errors import ConfigError
from facewire_agents.faces import FaceOptions


@pytest.mark.parametrize("name", ["lookahead_ms", "output_latency_ms", "frame_rate"])
@pytest.mark.parametrize("value", [-1, 999_999, math.nan, math.inf])
def test_a_number_that_cannot_be_met_is_refused(name: str, value: float) -> None:
    numbers: dict[str, Any] = {name: value}
    with pytest.raises(ConfigError, match=name.replace("_", "[_ ]")):
        FaceOptions(**numbers)


def test_the_ends_of_the_ranges_are_taken() -> None:
    for lookahead, rate in ((0, 1), (160, 240)):
        assert FaceOptions(lookahead_ms=lookahead, frame_rate=rate).lookahead_ms == lookahead
