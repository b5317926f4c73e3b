"""Outputs of datagrams as entry points: a URI in, a sink out."""

from collections.abc import Callable
from dataclasses import dataclass

from facewire.frames import StreamSpec
from facewire.sinks.datagrams.address import Address, parse_address
from facewire.sinks.datagrams.sink import DatagramSink, Encode
from facewire.sinks.output_help import OutputHelp
from facewire.stream.sink import SinkRequest


@dataclass(frozen=True, slots=True)
class DatagramOutput:
    """Makes the sink of a URI, as the function of an entry point does."""

    about: OutputHelp
    encoder: Callable[[Address], Callable[[StreamSpec], Encode]]
    """Returns what encodes a stream that goes there.

    Raises:
        ConfigError: an option means nothing.
    """
    host: str = "127.0.0.1"
    """Where the URI has none; with "" it must have one."""
    port: int = 0
    """Where the URI has none; with 0 it must have one."""
    takes_path: bool = False

    def __call__(self, request: SinkRequest) -> DatagramSink:
        """Return the sink that a URI names.

        Raises:
            ConfigError: the URI lacks something, or says more than the output knows.
        """
        address = parse_address(
            request.uri, self.about, host=self.host, port=self.port, takes_path=self.takes_path
        )
        return DatagramSink(address, self.encoder(address), self.about.switch_on)
