"""What `vmc://studio:39539?names=vrm1` means: a host, a port and options."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from facewire.errors import ConfigError
from facewire.sinks.output_help import Option, OutputHelp, read_options

MULTICAST_OPTIONS = (
    Option("interface", "", "this machine's address in the network that multicast goes to"),
    Option("ttl", "1", "how many networks multicast may cross, 1 to 255"),
)


@dataclass(frozen=True, slots=True)
class Multicast:
    """How datagrams reach a multicast group; nothing else looks at it."""

    interface: str = ""
    """An IPv4 address of this machine; the system chooses if there is none."""
    ttl: int = 1


@dataclass(frozen=True, slots=True)
class Address:
    """Where datagrams go."""

    scheme: str
    host: str
    port: int
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """Every option that there is, by its name."""
    multicast: Multicast = Multicast()

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_address(
    uri: str, about: OutputHelp, *, host: str = "", port: int = 0, takes_path: bool = False
) -> Address:
    """Return what a URI says.

    Args:
        uri: what the user wrote.
        about: the output; its options are all that the URI may have, beside those of multicast.
        host: where the URI has none; without a default it has to have one.
        port: where the URI has none; without a default it has to have one.
        takes_path: whether the URI may have a path.

    Raises:
        ConfigError: it lacks something, or says more than the output knows.
    """
    parts, given_port = _split(uri, about)
    if not (parts.hostname or host) or not (given_port or port) or given_port == 0:
        raise ConfigError(f"{uri!r} needs a host and a port; write it like {about.example}")
    if "#" in uri or "@" in parts.netloc or any(letter in uri for letter in "\t\r\n"):
        raise ConfigError(
            f"{uri!r} has a #, an @ or a tab, which mean nothing here; write it like "
            f"{about.example}"
        )
    if parts.path.strip("/") and not takes_path:
        raise ConfigError(f"{uri!r} has a path, which means nothing here; leave it out")
    known = (*about.options, *MULTICAST_OPTIONS)
    options = read_options(uri, parts.query, known)
    return Address(
        parts.scheme,
        parts.hostname or host,
        given_port or port,
        unquote(parts.path).rstrip("/"),
        options,
        _multicast(uri, options),
    )


def _split(uri: str, about: OutputHelp) -> tuple[SplitResult, int | None]:
    scheme, _, rest = uri.partition(":")
    try:
        parts = urlsplit(f"{scheme}:{rest if rest.startswith('//') else f'//{rest}'}")
        return parts, parts.port
    except ValueError as error:
        raise ConfigError(
            f"{uri!r} cannot be read ({error}); write it like {about.example}"
        ) from error


def _multicast(uri: str, options: Mapping[str, str]) -> Multicast:
    interface, ttl = options["interface"], options["ttl"]
    try:
        if interface and ip_address(interface).version != 4:
            raise ValueError("IPv6 names it behind a % of the group")
    except ValueError as error:
        raise ConfigError(
            f"{uri!r} says interface={interface} ({error}); give this machine's IPv4 address there"
        ) from error
    if (networks := small_number(ttl)) is None or not 1 <= networks <= 255:
        raise ConfigError(f"{uri[:200]!r} says ttl={ttl[:20]}; give a number from 1 to 255")
    return Multicast(interface, networks)


def small_number(text: str) -> int | None:
    """Return a number of at most five ASCII digits, as ports are; None if it is none."""
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else None
