"""Notices when the turn whose time it is gets nothing for too long, so that the next one waits."""

from facewire.clock import SECOND
from facewire.speaking.turn_synthesis import TurnSynthesis


class TurnPatience:
    """How long a stream waits for what a client has begun and does not go on with.

    It is patient with slow clients: the time counts only for the turn that is next to be heard,
    while nothing of it waits, comes, is made or leaves, and while the stream is not paused.
    """

    def __init__(self, seconds: float) -> None:
        """Wait for a turn so long."""
        self.seconds = seconds
        self._state: tuple[int, ...] = ()
        self._since = 0

    def ends(self, synthesis: TurnSynthesis | None, now: int) -> int | None:
        """Look at the turn whose time it is.

        Args:
            synthesis: that turn; None if there is none, or the stream stands still.
            now: the time, in ns.

        Returns:
            When patience with it ends, in ns; None if nobody waits for the client.
        """
        speaking = synthesis is not None and synthesis.text is not None and not synthesis.text.quiet
        if synthesis is None or synthesis.ended or speaking:
            self._state = ()
            return None
        if synthesis.state != self._state:
            self._state, self._since = synthesis.state, now
        return self._since + int(self.seconds * SECOND)
