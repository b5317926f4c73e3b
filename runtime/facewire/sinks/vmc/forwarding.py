"""A sink that adds our face to the body of another VMC sender, which sends to us instead."""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from itertools import chain, product
from typing import Any

from pythonosc.osc_message_builder import OscMessageBuilder

from facewire.clock import Clock
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.datagrams.address import Address
from facewire.sinks.datagrams.listening import listen
from facewire.sinks.datagrams.receivers import find_receivers
from facewire.sinks.datagrams.sink import DatagramSink, Encode
from facewire.sinks.vmc.expressions import Expressions
from facewire.sinks.vmc.messages import FaceMessages
from facewire.sinks.vmc.other_sender import OtherSender

logger = logging.getLogger(__name__)

MARK = "/facewire/forwards"
"""Goes out with each frame and says who sends it: what comes back has gone round. Receivers of
VMC leave out addresses that they do not know."""

_MOST_REFUSED = 64


class VmcForwarding:
    """Sends our face and what another sender says to one receiver."""

    lossless = False

    def __init__(
        self,
        address: Address,
        place: tuple[str, int],
        names: Sequence[Expressions],
        clock: Clock,
        switch_on: str,
        *,
        head: bool,
    ) -> None:
        """Get ready.

        Args:
            address: where both go.
            place: host and port where the other sender sends to.
            names: what our face is called.
            clock: tells how long ago the other sender spoke.
            switch_on: what the receiver must have switched on.
            head: whether we send the head's bone where the other sender does not.
        """
        self._other = OtherSender(chain(*(each.names for each in names)), clock)
        # The other sender's head and its word that it is there come before ours.
        self._messages = {
            (with_head, status): FaceMessages(names, head=with_head and head, status=status)
            for with_head, status in product((False, True), repeat=2)
        }
        self._sink = DatagramSink(address, self._encoder, switch_on)
        self.name = self._sink.name
        self._address = address
        self._place = place
        self._transport: asyncio.DatagramTransport | None = None
        self._heard = self._puzzled = False
        mark = OscMessageBuilder(MARK)
        mark.add_arg(secrets.token_hex(8))
        self._mark = mark.build().dgram
        self._refused: set[tuple[Any, ...]] = set()
        """Who sends us what we sent."""

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Listen, and look the receiver up.

        Raises:
            ConfigError: the port is in use, or nobody knows the receiver.
        """
        await self.aclose()
        host, port = self._place
        self._transport = await listen(
            host, port, self._take, name=self.name, change="another forward=PORT"
        )
        try:
            await self._refuse_itself()
            await self._sink.open(spec, engine)
        except BaseException:
            await self.aclose()
            raise
        logger.info(
            "%s adds the face to what comes to %s:%s; let the other sender send there",
            self.name, host, port,
        )  # fmt: skip

    async def _refuse_itself(self) -> None:
        """Refuse to send to where it listens: what goes on would go round for ever."""
        assert self._transport, "listen first"
        host, port = self._transport.get_extra_info("sockname")
        if port != self._address.port:
            return
        for receiver in await find_receivers(self._address):
            if receiver.is_at(host):
                raise ConfigError(
                    f"{self.name} is where forward= listens, and would send to itself; give the "
                    "receiver and the other sender a port each"
                )

    async def send(self, frame: BlendshapeFrame) -> None:
        """Send a frame, with the other sender's latest expressions."""
        await self._sink.send(frame)

    async def aclose(self) -> None:
        """Let go of all sockets."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        await self._sink.aclose()

    def _encoder(self, spec: StreamSpec) -> Encode:
        def encode(frame: BlendshapeFrame) -> list[bytes]:
            other = self._other
            ours = self._messages[not other.has_head, not other.is_there]
            return [*other.expressions(), *ours.encode(frame, spec), self._mark]

        return encode

    def _take(self, datagram: bytes, sender: tuple[Any, ...]) -> None:
        if sender in self._refused:
            return
        if self._mark in datagram:  # whole, also in a bundle
            self._refuse(sender)
            return
        try:
            going_on = self._other.hear(datagram)
        except ValueError as error:
            if not self._puzzled:
                self._puzzled = True
                logger.warning("%s leaves out what %s sends: %s", self.name, sender[0], error)
            return
        if not self._heard:
            self._heard = True
            logger.info("%s forwards what %s:%s sends", self.name, *sender[:2])
        for each in going_on:
            self._sink.deliver(each)

    def _refuse(self, sender: tuple[Any, ...]) -> None:
        """Take no more from who sends our own back, which would go round for ever."""
        if len(self._refused) >= _MOST_REFUSED:
            self._refused.clear()
        self._refused.add(sender)
        logger.warning(
            "%s gets its own messages back from %s:%s, and takes nothing from there any more; let "
            "one of the two send to the avatar",
            self.name, *sender[:2],
        )  # fmt: skip
