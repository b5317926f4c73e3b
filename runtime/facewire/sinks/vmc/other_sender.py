"""Another performer's VMC messages: what of them goes on to the avatar beside our face."""

from collections.abc import Iterable

from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from facewire.clock import SECOND, Clock
from facewire.sinks.osc.messages import bundles
from facewire.sinks.vmc.messages import APPLY, BONE, HEAD, OK, VALUE

MOST_BYTES = 256
"""How long the message of an expression may be that is kept: it is sent again with each frame."""
MOST_NAMES = 512
"""How many expressions of another sender are kept."""

_THERE_NS = SECOND
"""How long a sender is there after the last message of a kind."""


class OtherSender:
    """What another performer says: its body goes on at once, its expressions with our next face.

    Receivers show what they have when they hear Apply, and some show nothing else: so there is
    one Apply for both senders' expressions, and an expression that we send is ours.
    """

    def __init__(self, ours: Iterable[str], clock: Clock) -> None:
        self._ours = {name.casefold() for name in ours}
        self._clock = clock
        self._values: dict[str, bytes] = {}
        self._head = self._status = clock.now() - _THERE_NS - 1
        """When it last sent its head, and that it is there."""

    def hear(self, datagram: bytes) -> list[bytes]:
        """Take what came, and return the datagrams that go on now.

        Raises:
            ValueError: it is no OSC.
        """
        return bundles([m.dgram for m in _messages(datagram) if self._goes_on(m)])

    @property
    def has_head(self) -> bool:
        """Whether it moves the avatar's head."""
        return self._clock.now() - self._head <= _THERE_NS

    @property
    def is_there(self) -> bool:
        """Whether it says that it is."""
        return self._clock.now() - self._status <= _THERE_NS

    def expressions(self) -> list[bytes]:
        """Return the datagrams with its latest expressions, without an Apply."""
        return bundles(list(self._values.values()))

    def _goes_on(self, message: OscMessage) -> bool:
        if message.address == VALUE:
            self._keep(message)
        elif message.address == BONE and message.params[:1] == [HEAD]:
            self._head = self._clock.now()
        elif message.address == OK:
            self._status = self._clock.now()
        return message.address not in (VALUE, APPLY)

    def _keep(self, message: OscMessage) -> None:
        name = message.params[0] if len(message.params) == 2 else None
        if not isinstance(name, str) or name.casefold() in self._ours:
            return
        if len(message.dgram) > MOST_BYTES:
            return
        if name in self._values or len(self._values) < MOST_NAMES:
            self._values[name] = message.dgram


def _messages(datagram: bytes) -> list[OscMessage]:
    try:
        if not OscBundle.dgram_is_bundle(datagram):
            return [OscMessage(datagram)]
        found: list[OscMessage] = []
        waiting = [OscBundle(datagram)]
        while waiting:
            for content in waiting.pop():
                if isinstance(content, OscBundle):
                    waiting.append(content)
                else:
                    found.append(content)
        return found
    except Exception as error:  # python-osc raises all kinds of errors for what is no OSC
        raise ValueError(f"no OSC: {error}") from error
