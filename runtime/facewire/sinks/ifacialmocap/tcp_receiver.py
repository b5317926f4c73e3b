"""A receiver that asked for TCP: it is connected to, and gets frames with a mark behind each."""

import errno
import socket

END = b"___iFacialMocap"
"""What stands behind each frame."""

_WAITS = {errno.ENOTCONN, errno.EINPROGRESS, errno.EALREADY}
"""What systems say of a connection that is being made, beside EAGAIN."""


class TcpReceiver:
    """One connection, which never waits: a receiver that does not read misses frames."""

    def __init__(self, place: tuple[str, int]) -> None:
        """Begin to connect."""
        self._place = place
        self._rest = b""
        """Of a frame that was sent in part."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.connect_ex(place)

    def __str__(self) -> str:
        host, port = self._place
        return f"{host}:{port} (TCP)"

    def take(self, text: bytes) -> bool:
        """Send a frame unless the last one is not through, and return whether anybody is there."""
        waiting = self._rest or text + END
        try:
            sent = self._socket.send(waiting)
        except BlockingIOError:
            # Nothing of this frame is sent, so that the next one may take its place.
            return True
        except OSError as error:
            return error.errno in _WAITS
        self._rest = waiting[sent:]
        return True

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
