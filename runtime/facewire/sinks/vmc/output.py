"""`vmc://127.0.0.1:39539?names=perfect-sync`: VSeeFace, Warudo, VMagicMirror and other VRM apps."""

from dataclasses import dataclass

from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.sinks.datagrams.address import parse_address
from facewire.sinks.datagrams.listening import parse_place
from facewire.sinks.datagrams.sink import DatagramSink, Encode
from facewire.sinks.output_help import Option, OutputHelp
from facewire.sinks.vmc.expressions import EXPRESSIONS, parse_names
from facewire.sinks.vmc.forwarding import VmcForwarding
from facewire.sinks.vmc.messages import FaceMessages
from facewire.stream.sink import Sink, SinkRequest

PORT = 39_539


@dataclass(frozen=True, slots=True)
class VmcOutput:
    """Makes the sink of a URI, as the function of an entry point does."""

    about: OutputHelp

    def __call__(self, request: SinkRequest) -> Sink:
        """Return the sink that a URI names.

        Raises:
            ConfigError: the URI says something that VMC does not know.
        """
        address = parse_address(request.uri, self.about, host="127.0.0.1", port=PORT)
        names = parse_names(address.options["names"])
        head = address.options["head"] == "yes"
        switch_on = self.about.switch_on
        if forward := address.options["forward"]:
            place = parse_place(forward, "forward")
            return VmcForwarding(address, place, names, request.clock, switch_on, head=head)
        messages = FaceMessages(names, head=head, status=True)

        def begin(spec: StreamSpec) -> Encode:
            def encode(frame: BlendshapeFrame) -> list[bytes]:
                return messages.encode(frame, spec)

            return encode

        return DatagramSink(address, begin, switch_on)


open_vmc = VmcOutput(
    OutputHelp(
        form="vmc://HOST[:39539]",
        example="vmc://127.0.0.1:39539?names=vrm0",
        receivers="VSeeFace, Warudo, VMagicMirror, VNyan, Unity with EVMC4U: VRM avatars",
        switch_on="switch on the VMC receiver on this port, for expressions (blend shapes)",
        options=(
            Option("names", "vrm0", f"what the avatar's expressions are called, of "
                   f"{', '.join(EXPRESSIONS)}; several are joined by commas"),
            Option("head", "yes", "whether the head's bone is sent", ("yes", "no")),
            Option("forward", "", "a port where another VMC sender sends its body to; the face "
                   "is added to it"),
        ),
    )
)  # fmt: skip
