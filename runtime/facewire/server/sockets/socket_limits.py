"""How many sockets the server holds, in all and of one address, and which one goes."""

import logging

from facewire.clock import Clock
from facewire.server.rare_log import RareLog
from facewire.server.sockets.fair_connection import FairConnection
from facewire.settings.limits import Limits

KEPT_DESCRIPTORS = 200
"""Of those that the process may have open, for everything but sockets that wait."""

logger = logging.getLogger("facewire.server")


class SocketLimits:
    """Counts sockets. Where there are too many, the oldest that asked for nothing yet goes.

    So who opens hundreds and says nothing cannot keep the others out: whoever comes in and asks at
    once is served before it is the oldest.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._most = max(8, min(limits.connections, _descriptors() - KEPT_DESCRIPTORS))
        self._log = RareLog(logger, clock)
        self._by_address: dict[str, set[FairConnection]] = {}
        self._waiting: dict[FairConnection, str] = {}
        """Those that have opened nothing, with their addresses, oldest first."""
        self._watching: set[FairConnection] = set()

    def enter(self, connection: FairConnection) -> None:
        """Let a connection in; one that is too much is aborted."""
        address = _address(connection)
        sockets = self._by_address.setdefault(address, set())
        sockets.add(connection)
        self._waiting[connection] = address
        if len(sockets) > self._limits.connections_per_address:
            self._turn_away(
                next(c for c, whose in self._waiting.items() if whose == address),
                f"more than {self._limits.connections_per_address} connections from {address}",
                "connections_per_address",
            )
        elif len(self._waiting) + len(self._watching) > self._most:
            self._turn_away(
                next(iter(self._waiting)),
                f"more than {self._most} connections",
                "connections",
            )

    def leave(self, connection: FairConnection) -> None:
        """Forget a connection; it may be forgotten already."""
        self._waiting.pop(connection, None)
        self._watching.discard(connection)
        address = _address(connection)
        if sockets := self._by_address.get(address):
            sockets.discard(connection)
            if not sockets:
                del self._by_address[address]

    def admit(self, connection: FairConnection, *, watching: bool = False) -> None:
        """Note that a connection has a stream, of its own or to watch, and may stay."""
        if self._waiting.pop(connection, None) is not None and watching:
            self._watching.add(connection)

    def dismiss(self, connection: FairConnection) -> None:
        """Note that a connection has no stream any more; it may ask for the next one."""
        address = _address(connection)
        if connection in self._by_address.get(address, ()):
            self._waiting[connection] = address

    def _turn_away(self, connection: FairConnection, why: str, setting: str) -> None:
        self._log.warning(
            "%s: the oldest that has opened no stream is closed; raise %s in [server.limits] "
            "if they are wanted",
            *(why, setting),
        )
        self.leave(connection)
        connection.transport.abort()


def _descriptors() -> int:
    """Return how many sockets and files the process may have open."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return 1 << 20
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft


def _address(connection: FairConnection) -> str:
    """Return whose connection this is; who has an IPv6 network can have any address of it."""
    peer = connection.remote_address
    host = str(peer[0]) if peer else ""
    return ":".join(host.split(":")[:4]) if host.count(":") > 4 else host
