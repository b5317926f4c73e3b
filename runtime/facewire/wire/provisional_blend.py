"""What to show at once of a stream whose frames are corrected later.

A frame that has heard nothing past its own moment is unsure in the way in which those before it
were, and what those should have been is known by now. The newest correction, `c`, of frame `i` says
`error = c - p_i`; frame `j` is shown as `p_j + share * error`. How much that buys, and why the
share is what it is: docs/latency.md.
"""

from collections import deque

import numpy as np

from facewire.frames import Weights

SHARE = 0.4
"""Of the last error that is expected again. More closes the lips more often, also by luck."""
KEPT = 256
"""Provisional frames that wait for their correction: look-ahead is a second at most."""


class ProvisionalBlend:
    """One stream of provisional frames and their corrections, in the order in which they come."""

    def __init__(self, share: float = SHARE) -> None:
        """Begin without an error.

        Args:
            share: 0 shows provisional frames as they are; 1 expects the whole error again.

        Raises:
            ValueError: it is not from 0 to 1.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"the share of an error is from 0 to 1, not {share}")
        self._share = np.float32(share)
        self._waiting: deque[tuple[int, Weights]] = deque(maxlen=KEPT)
        self._error: Weights | None = None

    def show(self, index: int, weights: Weights) -> Weights:
        """Return what to show of a provisional frame, `[52]`."""
        self._waiting.append((index, weights))
        if self._error is None:
            return weights
        return np.clip(weights + self._share * self._error, 0, 1).astype(np.float32)

    def correct(self, index: int, weights: Weights) -> None:
        """Learn what an earlier provisional frame should have been."""
        while self._waiting and self._waiting[0][0] < index:
            self._waiting.popleft()
        if self._waiting and self._waiting[0][0] == index:
            self._error = weights - self._waiting.popleft()[1]
