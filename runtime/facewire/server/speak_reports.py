"""What a client is told about turns, as messages."""

from collections.abc import Iterator

from facewire.speaking.turn import Cut, Turn
from facewire.wire.messages import Message
from facewire.wire.speak import Interrupted, LeadMs, Problem, TurnEnds


def turn_ended(turn: Turn) -> Iterator[Message]:
    """Yield what is told about a turn that has been sent whole."""
    if not turn.frames and not turn.failed:
        yield Problem(turn=turn.number, message="nothing in it can be spoken; give some words")
    lead = turn.face_lead()
    yield TurnEnds(
        turn=turn.number,
        sample=turn.end - 1 if turn.frames else None,
        frames=turn.frames,
        face_lead_ms=LeadMs(lead.first, lead.least, lead.median) if lead else None,
    )


def interrupted(cut: Cut) -> Interrupted:
    """Return what is told about a turn that was stopped."""
    return Interrupted(
        turn=cut.turn,
        sample=cut.sample,
        frame=cut.frame,
        at_ms=cut.at_ms,
        speech_ms=cut.speech_ms,
        dropped=list(cut.dropped),
    )
