"""What waits of one turn."""

from collections import deque
from typing import Any

import numpy as np

from facewire.frames import StreamSpec
from facewire.speaking.pushed_speech import SpeechPart
from facewire.speaking.turn import Turn
from facewire.speaking.turn_synthesis import TurnSynthesis

RATE = 16_000


def test_what_waits_is_counted_as_it_comes_and_goes() -> None:
    def no_faces() -> Any:
        raise AssertionError

    synthesis = TurnSynthesis(Turn(1, audio=True), StreamSpec(RATE), no_faces)
    for _ in range(10):
        synthesis.push(SpeechPart(np.zeros(RATE, np.float32)))
    synthesis._parts = NeverWalked(synthesis._parts)
    assert (synthesis.ahead, synthesis.held) == (10.0, 10.0)
    assert synthesis.work(60, 60) is None
    assert synthesis.ahead == 10.0, "the turn has it now"
    synthesis.push(SpeechPart(np.zeros(RATE, np.float32)))
    assert synthesis.ahead == 11.0
    synthesis.close()
    assert synthesis.ahead == 10.0


class NeverWalked(deque[SpeechPart]):
    """Pieces that cannot be counted one by one, as that takes the longer the more there are."""

    def __iter__(self) -> Any:
        raise AssertionError
