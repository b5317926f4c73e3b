"""Warnings that strangers can cause as often as they like, written only now and then."""

import logging

from facewire.clock import SECOND, Clock

EVERY_NS = 10 * SECOND


class RareLog:
    """Passes one message in a while on, with how many were left out before it."""

    def __init__(self, logger: logging.Logger, clock: Clock, every_ns: int = EVERY_NS) -> None:
        self._logger = logger
        self._clock = clock
        self._every_ns = every_ns
        self._next = clock.now()
        self._left_out = 0

    def warning(self, message: str, *args: object) -> None:
        """Warn, unless that was done a moment ago."""
        now = self._clock.now()
        if now < self._next:
            self._left_out += 1
            return
        self._next = now + self._every_ns
        if self._left_out:
            message, args = f"{message} (and %d more such messages)", (*args, self._left_out)
        self._left_out = 0
        self._logger.warning(message, *args)
