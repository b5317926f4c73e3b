"""Messages of parameters that changed: VRChat keeps what it was told."""

import struct
from collections.abc import Iterator, Mapping

from facewire.sinks.osc.messages import MessageForm

Value = float | bool | tuple[float, ...]


class ChangedMessages:
    """Remembers what each address was told last, and all of a message but its numbers."""

    def __init__(self) -> None:
        self._told: dict[str, Value] = {}
        self._forms: dict[str, bytes] = {}

    def forget(self) -> None:
        """Tell everything again: a datagram may be lost, and an avatar changed."""
        self._told.clear()

    def encode(self, values: Mapping[str, Value]) -> Iterator[bytes]:
        """Return a message for each value that is another than before, by their addresses."""
        for address, value in values.items():
            if self._told.get(address) == value:
                continue
            self._told[address] = value
            yield self._message(address, value)

    def _message(self, address: str, value: Value) -> bytes:
        if isinstance(value, bool):
            return bool_message(address, value)
        numbers = value if isinstance(value, tuple) else (value,)
        form = self._forms.get(address)
        if form is None:
            form = MessageForm(address, numbers="f" * len(numbers)).build()[: -4 * len(numbers)]
            self._forms[address] = form
        return form + struct.pack(f">{len(numbers)}f", *numbers)


def bool_message(address: str, value: bool) -> bytes:
    """Return a message whose only argument is a bool; OSC has it in the message's type."""
    return MessageForm(address, truth=value).build()
