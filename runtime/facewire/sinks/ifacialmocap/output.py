"""`ifacialmocap://127.0.0.1`: receivers of the iFacialMocap app, asked for or not."""

from collections.abc import Mapping
from dataclasses import dataclass

from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.datagrams.address import parse_address, small_number
from facewire.sinks.datagrams.sink import DatagramSink, Encode
from facewire.sinks.ifacialmocap.handshake import IFacialMocapHandshake
from facewire.sinks.ifacialmocap.text import Version, encode_text
from facewire.sinks.output_help import Option, OutputHelp
from facewire.stream.sink import Sink, SinkRequest

PORT = 49_983
TCP_PORT = 49_986
_ANY = "any"


@dataclass(frozen=True, slots=True)
class IFacialMocapOutput:
    """Makes the sink of a URI, as the function of an entry point does."""

    about: OutputHelp

    def __call__(self, request: SinkRequest) -> Sink:
        """Return the sink that a URI names: one without a host waits to be asked.

        Raises:
            ConfigError: the URI says something that there is not.
        """
        address = parse_address(request.uri, self.about, host=_ANY, port=PORT)
        reply, tcp = (_port(request.uri, name, address.options) for name in ("reply", "tcp"))
        switch_on = self.about.switch_on
        if address.host == _ANY:
            return IFacialMocapHandshake(address.port, reply, tcp, switch_on)
        version: Version = "v2" if address.options["version"] == "v2" else "v1"

        def begin(spec: StreamSpec) -> Encode:
            def encode(frame: BlendshapeFrame) -> list[bytes]:
                return [encode_text(frame, version)]

            return encode

        return DatagramSink(address, begin, switch_on)


def _port(uri: str, name: str, options: Mapping[str, str]) -> int:
    text = options[name]
    if (port := small_number(text)) is None or port > 65_535:
        raise ConfigError(f"{uri[:200]!r} says {name}={text[:20]}; give a port, or 0")
    return port


open_ifacialmocap = IFacialMocapOutput(
    OutputHelp(
        form="ifacialmocap://[HOST][:49983]",
        example="ifacialmocap://127.0.0.1:49983",
        receivers="VTube Studio, VBridger, nizima LIVE, and others that hear the iFacialMocap app",
        switch_on="choose iFacialMocap as the face, with this machine as the iPhone's address",
        options=(
            Option("version", "v1", "the text's version where nobody asks for one", ("v1", "v2")),
            Option("reply", str(PORT), "the port of receivers that asked; 0 is the one that they "
                   "asked from"),
            Option("tcp", str(TCP_PORT), "the port of receivers that asked for TCP"),
        ),
    )
)  # fmt: skip
