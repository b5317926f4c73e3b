"""What a person has to know about an output: how it is written, and what the receiver needs.

The function of an entry point in `facewire.sinks` may have such a value as its `about`;
`facewire outputs` shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from facewire.errors import ConfigError


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


def read_options(uri: str, query: str, known: Sequence[Option]) -> dict[str, str]:
    """Return the value of each option: what stands behind the `?` of a URI, or its default.

    Args:
        uri: all that the user wrote.
        query: what stands behind the `?`.
        known: all that there are.

    Raises:
        ConfigError: an option is unknown, or given twice, or has a value that it cannot have.
    """
    given = parse_qsl(query, keep_blank_values=True)
    found = {option.name: option.default for option in known}
    by_name = {option.name: option for option in known}
    for name, value in given:
        if name not in by_name:
            raise ConfigError(f"{uri!r} has no option {name!r}; it has {', '.join(by_name)}")
        if sum(other == name for other, _ in given) > 1:
            raise ConfigError(f"{uri!r} gives {name} twice; leave one out")
        choices = by_name[name].choices
        if choices and value not in choices:
            raise ConfigError(f"{uri!r} says {name}={value}; give {' or '.join(choices)}")
        found[name] = value
    return found
