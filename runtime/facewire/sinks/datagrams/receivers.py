"""Where datagrams go: the addresses of a host, and which of them has somebody who takes them."""

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

from facewire.errors import ConfigError
from facewire.sinks.datagrams.address import Address, Multicast


class DatagramReceiver:
    """One address of a host; it may have nobody there, now or for ever."""

    def __init__(
        self,
        family: socket.AddressFamily,
        address: tuple[Any, ...],
        multicast: Multicast,
    ) -> None:
        self._family = family
        self._address = address
        self._multicast = multicast
        self._socket: socket.socket | None = None

    def __str__(self) -> str:
        host, port = self._address[:2]
        return f"[{host}]:{port}" if self._family == socket.AF_INET6 else f"{host}:{port}"

    def is_at(self, host: str) -> bool:
        """Tell whether what goes there comes to who listens on this machine's IPv4 address.

        Args:
            host: 0.0.0.0 is every address of this machine.
        """
        if self._family != socket.AF_INET or ip_address(str(self._address[0])).is_multicast:
            return False
        with socket.socket(self._family, socket.SOCK_DGRAM) as asked:
            try:
                asked.connect(self._address)
            except OSError:
                return False
            place = str(asked.getpeername()[0])
            ours = ip_address(place).is_loopback or place == asked.getsockname()[0]
        return ours and host in (place, "0.0.0.0")

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
            if ip_address(str(self._address[0]).partition("%")[0]).is_multicast:
                self._reach_group(connected)
            connected.connect(self._address)
        except OSError:
            connected.close()
            raise
        return connected

    def _reach_group(self, connected: socket.socket) -> None:
        ttl, interface = self._multicast.ttl, self._multicast.interface
        if self._family == socket.AF_INET6:
            connected.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ttl)
            return
        connected.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        if interface:
            place = socket.inet_aton(interface)
            connected.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, place)


async def find_receivers(address: Address) -> list[DatagramReceiver]:
    """Look a host up; its IPv4 addresses come first, since few receivers have another.

    Raises:
        ConfigError: nobody knows it.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"{address} has no address ({why}); check the host's name") from error
    places = dict.fromkeys((family, place) for family, _, _, _, place in found)
    ordered = sorted(places, key=lambda place: place[0] != socket.AF_INET)
    return [DatagramReceiver(family, place, address.multicast) for family, place in ordered]
