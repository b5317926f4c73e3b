"""Where datagrams go: the addresses of a host, and which of them has somebody who takes them."""

import asyncio
import socket

from facewire.errors import ConfigError


class DatagramReceiver:
    """One address of a host; it may have nobody there, now or for ever."""

    def __init__(self, family: socket.AddressFamily, address: tuple[object, ...]) -> None:
        self._family = family
        self._address = address
        self._socket: socket.socket | None = None

    def take(self, datagram: bytes) -> bool:
        """Send, and return whether anybody may have taken it; what cannot be sent now is lost."""
        try:
            if self._socket is None:
                self._socket = self._connected()
            self._socket.send(datagram)
            # On the same machine it is known at once that nobody listens, elsewhere a little later.
            return not self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        except BlockingIOError:
            return True
        except ConnectionRefusedError:
            return False
        except OSError:
            # The network is down, or this machine has another address now: a new socket may do.
            self.close()
            return False

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        connected = socket.socket(self._family, socket.SOCK_DGRAM)
        try:
            connected.setblocking(False)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            connected.connect(self._address)
        except OSError:
            connected.close()
            raise
        return connected


async def find_receivers(host: str, port: int, name: str) -> list[DatagramReceiver]:
    """Look a host up; its IPv4 addresses come first, since few receivers of OSC have another.

    Raises:
        ConfigError: nobody knows it.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"{name} has no address ({why}); check the host's name") from error
    addresses = dict.fromkeys((family, address) for family, _, _, _, address in found)
    ordered = sorted(addresses, key=lambda place: place[0] != socket.AF_INET)
    return [DatagramReceiver(family, address) for family, address in ordered]
