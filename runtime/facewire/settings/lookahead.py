"""How far ahead a face listens where nobody says: it depends on what its viewers hear.

docs/latency.md has the table of who hears what; docs/quality.md the figures that these come from.
"""

from facewire.settings.settings import StreamSettings

DIRECT_MS = 20.0
"""Where viewers hear the speaker directly: what more look-ahead would make surer comes too late."""
DELAYED_MS = 80.0
"""Where the sound is as late as the face: recordings, text, and a live sound that is delayed."""


def lookahead_of(stream: StreamSettings, *, heard_directly: bool = False) -> float:
    """Return the look-ahead in ms that the settings ask for, or the default of the use.

    Args:
        stream: what was asked for; "auto" leaves it to the use.
        heard_directly: whether viewers hear a live speaker without delay.
    """
    if stream.lookahead_ms != "auto":
        return stream.lookahead_ms
    return DIRECT_MS if heard_directly else DELAYED_MS
