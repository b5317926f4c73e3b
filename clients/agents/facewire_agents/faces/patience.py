"""How long sound waits for its faces."""

from facewire.clock import MILLISECOND, SECOND
from facewire_agents.faces.speech_run import SpeechRun

PATIENCE_NS = 100 * MILLISECOND
"""How long after its last sound a TTS may take for more before the faces of the last sounds are
made without hearing on."""
HURRY_NS = 60 * MILLISECOND
"""How long before nothing is left to play that is done, if it has more than that to play."""
GIVE_UP_NS = 2 * SECOND
"""Sound that is so late goes on without faces."""


def patience_ends(run: SpeechRun, last_sound: int, runs_out: int) -> int:
    """Return when to do something about sound that has no faces, in ns.

    Of a run that goes on, it is time to end it, so that faces are made of what came; of one that
    has ended, to give its faces up.

    Args:
        run: whose sound it is.
        last_sound: when its last sound came.
        runs_out: when nothing is left to play.
    """
    if run.ended:
        return max(runs_out, run.ended_at) + GIVE_UP_NS
    return max(last_sound + PATIENCE_NS, runs_out - HURRY_NS)
