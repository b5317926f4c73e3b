"""Hearing datagrams, for outputs that are spoken to: by another sender, or by who wants a face."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from facewire.errors import ConfigError
from facewire.sinks.datagrams.address import small_number

Take = Callable[[bytes, tuple[Any, ...]], None]
"""Takes a datagram, and the address that it came from."""


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, take: Take) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._take(data, addr)


async def listen(
    host: str, port: int, take: Take, *, name: str, change: str
) -> asyncio.DatagramTransport:
    """Hear what comes to a UDP port until the transport is closed.

    Args:
        host: an IPv4 address of this machine; 0.0.0.0 is all of them.
        port: 0 is any that is free.
        take: gets each datagram, in the event loop; must not raise.
        name: of the output.
        change: what the user can give to listen elsewhere, such as "another forward=PORT".

    Raises:
        ConfigError: nobody can listen there.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Protocol(take), local_addr=(host, port), family=socket.AF_INET
        )
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{name} cannot listen on {host}:{port} ({why}); end the program that does, or give "
            f"{change}"
        ) from error
    return transport


def parse_place(text: str, option: str) -> tuple[str, int]:
    """Return the host and the port of "39540" or "0.0.0.0:39540"; this machine alone by default.

    Raises:
        ConfigError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    number = small_number(port)
    if number is None or not 1 <= number <= 65_535 or (colon and not host):
        raise ConfigError(
            f"{option}={text[:40]} is no place to listen; give a port such as {option}=39540, or "
            f"{option}=0.0.0.0:39540 to hear other machines too"
        )
    return host or "127.0.0.1", number
