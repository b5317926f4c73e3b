"""What time it is here when a client says what time it is there."""

from collections import deque

REMEMBERED = 8
"""Messages; older ones tell too little about clocks that drift apart."""


class ClientTime:
    """Learns from messages that carry the client's time; it errs by the quickest one's journey."""

    def __init__(self) -> None:
        self._ahead: deque[int] = deque(maxlen=REMEMBERED)

    def learn(self, theirs: int, now: int) -> None:
        """Note that a message came now that was sent at the client's time `theirs`, in ns."""
        self._ahead.append(now - theirs)

    def ours(self, theirs: int, now: int) -> int:
        """Return our time of a moment of the client's; without any message, take it for now."""
        return theirs + min(self._ahead) if self._ahead else now
