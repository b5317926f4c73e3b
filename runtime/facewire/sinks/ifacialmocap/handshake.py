"""A sink that waits to be asked, as the iFacialMocap app does: who asks gets the face."""

import asyncio
import logging
import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.datagrams.address import Multicast
from facewire.sinks.datagrams.listening import listen
from facewire.sinks.datagrams.receivers import DatagramReceiver
from facewire.sinks.ifacialmocap.tcp_receiver import TcpReceiver
from facewire.sinks.ifacialmocap.text import Version, encode_text

logger = logging.getLogger(__name__)

_SECRET = b"sahuasouryya9218sauhuiayeta91555dy3719"
"""What every request ends with; it is the same for everybody, and published."""
REQUEST = b"iFacialMocap_" + _SECRET
REQUEST_TCP = b"iFacialMocap_UDPTCP_" + _SECRET
STOP = b"iFacialMocap_UDPTCPSTOP_" + _SECRET
_VERSION_2 = b"|sendDataVersion=v2"

MOST_RECEIVERS = 8

_Receiver = DatagramReceiver | TcpReceiver
_Place = tuple[str, int]


class IFacialMocapHandshake:
    """Sends each frame to those that asked for the face, and not to the whole internet."""

    lossless = False

    def __init__(self, port: int, reply_port: int, tcp_port: int, switch_on: str) -> None:
        """Get ready.

        Args:
            port: where requests come.
            reply_port: of the receivers; 0 is the one that they ask from.
            tcp_port: of receivers that ask for TCP, which are connected to.
            switch_on: what has to be switched on at a receiver.
        """
        self.name = f"ifacialmocap://any:{port}"
        self._port = port
        self._reply_port = reply_port
        self._tcp_port = tcp_port
        self._switch_on = switch_on
        self._transport: asyncio.DatagramTransport | None = None
        self._receivers: dict[_Place, tuple[_Receiver, Version]] = {}
        self._refused: set[str] = set()

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Listen for requests.

        Raises:
            ConfigError: the port is in use.
        """
        await self.aclose()
        self._transport = await listen(
            "0.0.0.0", self._port, self._take, name=self.name,
            change="the receiver's address, as in ifacialmocap://127.0.0.1, which is not asked",
        )  # fmt: skip
        logger.info(
            "%s waits for receivers to ask on port %s of this machine; there, %s",
            self.name, self._port, self._switch_on,
        )  # fmt: skip

    async def send(self, frame: BlendshapeFrame) -> None:
        """Send a frame to all that asked; what cannot be sent now is lost."""
        texts: dict[Version, bytes] = {}
        for place, (receiver, version) in list(self._receivers.items()):
            if version not in texts:
                texts[version] = encode_text(frame, version)
            there = receiver.take(texts[version])
            if not there and isinstance(receiver, TcpReceiver):
                # It hung up, or never listened; it will ask again.
                self._forget(place)

    async def aclose(self) -> None:
        """Let go of all sockets."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        for receiver, _ in self._receivers.values():
            receiver.close()
        self._receivers.clear()

    def _take(self, datagram: bytes, sender: tuple[Any, ...]) -> None:
        host = str(sender[0])
        place = host, self._reply_port or int(sender[1])
        version: Version = "v2" if _VERSION_2 in datagram else "v1"
        by_tcp = host, self._tcp_port
        if datagram.startswith(STOP):
            self._forget(place)
            self._forget(by_tcp)
        elif not datagram.startswith((REQUEST, REQUEST_TCP)):
            return
        elif ip_address(host).is_global:
            # Whoever writes another's address into a request would have him flooded.
            self._refuse(host)
        elif datagram.startswith(REQUEST_TCP):
            self._add(by_tcp, version, TcpReceiver)
        else:
            self._add(place, version, _datagram_receiver)

    def _add(self, place: _Place, version: Version, connect: Callable[[_Place], _Receiver]) -> None:
        known = self._receivers.get(place)
        if known is not None:
            self._receivers[place] = known[0], version
            return
        if len(self._receivers) >= MOST_RECEIVERS:
            self._forget(next(iter(self._receivers)))
        receiver = connect(place)
        self._receivers[place] = receiver, version
        logger.info("%s sends to %s, which asked", self.name, receiver)

    def _forget(self, place: _Place) -> None:
        if place in self._receivers:
            self._receivers.pop(place)[0].close()

    def _refuse(self, host: str) -> None:
        if host not in self._refused and len(self._refused) < MOST_RECEIVERS:
            self._refused.add(host)
            logger.warning("%s: %s is not of this network, and gets nothing", self.name, host)


def _datagram_receiver(place: _Place) -> DatagramReceiver:
    return DatagramReceiver(socket.AF_INET, place, Multicast())
