"""The sink that sends each frame as datagrams and never waits, whatever is in them."""

import logging
from collections.abc import Callable, Iterable

from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.datagrams.address import Address
from facewire.sinks.datagrams.receivers import DatagramReceiver, find_receivers

logger = logging.getLogger(__name__)

Encode = Callable[[BlendshapeFrame], Iterable[bytes]]
"""Turns a frame into the datagrams that carry it."""

_BACK = 120
"""How many frames in a row somebody has to take before he is said to be there again: another
machine may tell of every second datagram that nobody took it."""


class DatagramSink:
    """Sends to the address of a host that answers: a receiver that is not there misses frames."""

    lossless = False

    def __init__(
        self, address: Address, encoder: Callable[[StreamSpec], Encode], switch_on: str
    ) -> None:
        """Get ready to send.

        Args:
            address: where to.
            encoder: returns what encodes the frames of one stream.
            switch_on: what the receiver must have switched on, as the end of a sentence.
        """
        self.name = str(address)
        self._address = address
        self._encoder = encoder
        self._switch_on = switch_on
        self._encode: Encode | None = None
        self._receivers: list[DatagramReceiver] = []
        self._taken = _BACK
        """Frames in a row that somebody took."""

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Look the host up, and say what has to be switched on there.

        Raises:
            ConfigError: nobody knows it.
        """
        await self.aclose()
        self._receivers = await find_receivers(self._address)
        self._encode = self._encoder(spec)
        places = " or ".join(str(receiver) for receiver in self._receivers)
        logger.info("%s sends to %s; there, %s", self.name, places, self._switch_on)

    async def send(self, frame: BlendshapeFrame) -> None:
        """Send a frame; what cannot be sent now is lost, as with any datagram."""
        assert self._encode, "open the sink first"
        self._note([self.deliver(datagram) for datagram in self._encode(frame)])

    async def aclose(self) -> None:
        """Let go of the sockets."""
        receivers, self._receivers = self._receivers, []
        for receiver in receivers:
            receiver.close()

    def deliver(self, datagram: bytes) -> bool:
        """Send to the address that took the last one; if nobody is there, ask the others too.

        Returns:
            Whether anybody may have taken it.
        """
        for _ in self._receivers:
            if self._receivers[0].take(datagram):
                return True
            self._receivers.append(self._receivers.pop(0))
        return False

    def _note(self, taken: list[bool]) -> None:
        """Say once that nobody is there, and once that somebody is there again."""
        if not taken:  # a frame in which nothing changed
            return
        before = self._taken
        self._taken = min(before + 1, _BACK) if all(taken) else 0
        if before == _BACK and not self._taken:
            logger.warning(
                "nobody takes what goes to %s; the stream goes on, so start the receiver, and "
                "there, %s",
                self.name,
                self._switch_on,
            )
        elif before == _BACK - 1 and self._taken == _BACK:
            logger.info("somebody takes what goes to %s now", self.name)
