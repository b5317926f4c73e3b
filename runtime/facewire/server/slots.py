"""How many clients may have a stream of their own at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from facewire.server.sockets.fair_connection import FairConnection
from facewire.server.sockets.socket_limits import SocketLimits
from facewire.wire.errors import ErrorCode, ProtocolError


class SessionSlots:
    """Counts streams from their valid `open` to their end."""

    def __init__(self, most: int, sockets: SocketLimits) -> None:
        self.taken = 0
        self._most = most
        self._sockets = sockets

    def check(self) -> None:
        """Refuse a client while there is no slot.

        Raises:
            ProtocolError: all are taken.
        """
        if self.taken >= self._most:
            raise ProtocolError(
                f"all {self._most} sessions are taken; try again later", ErrorCode.BUSY
            )

    @contextmanager
    def take(self, connection: FairConnection) -> Iterator[None]:
        """Hold a slot for a client's stream.

        Raises:
            ProtocolError: all are taken.
        """
        with self.hold():
            connection.credit.streaming = True
            self._sockets.admit(connection)
            try:
                yield
            finally:
                connection.credit.streaming = False
                self._sockets.dismiss(connection)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold a slot for a stream, whoever it is of.

        Raises:
            ProtocolError: all are taken.
        """
        self.check()
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
