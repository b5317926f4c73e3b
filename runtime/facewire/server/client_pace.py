"""Whether a client sends audio as it is spoken, or faster than that: live before bulk."""

from facewire.clock import SECOND

SLACK_NS = 1 * SECOND
"""So much audio may be ahead of the clock, as after a stall of the network, and is live still."""
CREDIT_NS = 3 * SECOND
"""Of a pause, so much is caught up with as live audio."""
MOST_NS = 4 * SECOND
"""What is further ahead is forgotten, so that who goes on in real time is live again soon."""


class Pace:
    """How far a client's audio is ahead of the clock, and what follows from it.

    A quarter more than real time counts as live, too. Time that a client is made to wait does not
    make a bulk upload a live one: then only the time counts that the client left unused.
    """

    def __init__(self) -> None:
        self.bulk = False
        """Whether the client is further ahead than somebody who speaks can be."""
        self.heard_until = 0
        """When all audio so far would be over, played from its arrival without a break, in ns."""
        self._ahead = 0
        self._heard = 0

    def hear(self, duration: int, arrived: int, waited: int) -> int | None:
        """Note the arrival of audio, and tell when its frames are due.

        Args:
            duration: of the audio, in ns.
            arrived: when it came, in ns.
            waited: how long the server had waited for it, in ns.

        Returns:
            Until when they should be made, in ns; None if there is no hurry.
        """
        passed = waited if self.bulk else arrived - (self._heard or arrived)
        ahead = max(self._ahead - passed * 5 // 4, -CREDIT_NS) + duration
        self._ahead, self._heard = min(ahead, MOST_NS), arrived
        self.bulk = self._ahead > (SLACK_NS // 2 if self.bulk else SLACK_NS)
        self.heard_until = max(self.heard_until, arrived) + duration
        return None if self.bulk else arrived + max(self._ahead, duration)

    def fill(self, now: int, most: int) -> int:
        """Note that silence takes the place of audio that should have come; return how much, in ns.

        It fills the time from the end of what was heard until now, or `most` of it.
        """
        duration = min(max(now - self.heard_until, 0), most)
        self.heard_until += duration
        return duration
