"""`livelink://127.0.0.1?subject=Anna`: Unreal, MetaHumans, and others that read its packets."""

import socket
from collections.abc import Callable

from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.datagrams.address import Address
from facewire.sinks.datagrams.output import DatagramOutput
from facewire.sinks.datagrams.sink import Encode
from facewire.sinks.live_link.packet import MOST_NAME_BYTES, device_id, encode_face
from facewire.sinks.output_help import Option, OutputHelp

ABOUT = OutputHelp(
    form="livelink://HOST[:11111]",
    example="livelink://127.0.0.1:11111?subject=Facewire",
    receivers="Unreal Engine, MetaHumans, and others that hear the Live Link Face app",
    switch_on=(
        "switch on the plug-ins Live Link, Apple ARKit and Apple ARKit Face Support, and choose "
        "the subject as the ARKit face of the MetaHuman"
    ),
    options=(Option("subject", "Facewire", "the subject's name in the Live Link window"),),
)


def _encoder(address: Address) -> Callable[[StreamSpec], Encode]:
    subject = address.options["subject"]
    # Printable first: what is no UTF-8 in a command line is not, and cannot be encoded.
    if not subject.isprintable() or not subject.strip() or len(subject.encode()) > MOST_NAME_BYTES:
        raise ConfigError(
            f"{subject[:40]!r} is no name of a subject; give one of 1 to {MOST_NAME_BYTES} bytes"
        )
    device = device_id(socket.gethostname(), subject)

    def begin(spec: StreamSpec) -> Encode:
        def encode(frame: BlendshapeFrame) -> list[bytes]:
            return [encode_face(frame, spec, device=device, subject=subject)]

        return encode

    return begin


open_livelink = DatagramOutput(ABOUT, _encoder, port=11_111)
