"""How long a stream waits for a client."""

from typing import Any

from facewire.clock import SECOND
from facewire.frames import StreamSpec
from facewire.speaking.active_turns import LeftOut, TurnPatience
from facewire.speaking.pushed_speech import SpeechPart
from facewire.speaking.text.clauses import ClauseQueue
from facewire.speaking.turn import Turn
from facewire.speaking.turn_synthesis import TurnSynthesis


def text_turn() -> TurnSynthesis:
    def no_faces() -> Any:
        raise AssertionError

    return TurnSynthesis(Turn(1, audio=True), StreamSpec(), no_faces, ClauseQueue())


def test_patience_counts_only_while_nothing_comes_and_nothing_stands_still() -> None:
    patience, synthesis = TurnPatience(60.0), text_turn()
    assert patience.ends(None, 0) is None
    assert patience.ends(synthesis, 5 * SECOND) == 65 * SECOND
    synthesis.say("Hello, my dear ")
    assert synthesis.text is not None
    synthesis.text.take()
    synthesis.text.done()
    assert patience.ends(synthesis, 64 * SECOND) == 124 * SECOND, "a slow writer is waited for"
    assert patience.ends(synthesis, 100 * SECOND) == 124 * SECOND
    assert patience.ends(None, 120 * SECOND) is None, "a pause is no silence"
    assert patience.ends(synthesis, 500 * SECOND) == 560 * SECOND
    synthesis.push(SpeechPart())
    assert patience.ends(synthesis, 550 * SECOND) == 610 * SECOND
    synthesis.text.push_clause("friend.")
    synthesis.text.take()
    assert patience.ends(synthesis, 10_000 * SECOND) is None, (
        "a slow voice is not the client's fault"
    )
    synthesis.text.done()
    synthesis.end()
    assert patience.ends(synthesis, 20_000 * SECOND) is None


def test_turns_that_were_left_out_are_remembered_as_runs() -> None:
    left_out = LeftOut()
    left_out.add(3, 5)
    left_out.add(6, 6)
    left_out.add(9, 9)
    assert [number for number in range(12) if number in left_out] == [3, 4, 5, 6, 9]
