"""What a person has to know about an output: how it is written, and what the receiver needs.

The function of an entry point in `facewire.sinks` may have such a value as its `about`;
`facewire outputs` shows it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One `NAME=VALUE` behind the `?` of a URI."""

    name: str
    default: str
    """What it is where nobody says anything; "" if that is nothing."""
    meaning: str
    choices: tuple[str, ...] = ()
    """All values that there are; any text if this is empty."""


@dataclass(frozen=True, slots=True)
class OutputHelp:
    """One kind of output."""

    form: str
    """How it is written, such as `livelink://HOST[:11111]`."""
    example: str
    """A whole URI that works on this machine."""
    receivers: str
    """Who understands it."""
    switch_on: str
    """What has to be switched on there, as the end of a sentence."""
    options: tuple[Option, ...] = ()
