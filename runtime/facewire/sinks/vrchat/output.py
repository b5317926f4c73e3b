"""`vrchat://127.0.0.1?oscquery=yes`: the face and the eyes of a VRChat avatar."""

from dataclasses import dataclass

from facewire.sinks.datagrams.address import parse_address
from facewire.sinks.output_help import Option, OutputHelp
from facewire.sinks.vrchat.oscquery import AvatarSearch
from facewire.sinks.vrchat.sink import VrchatSink
from facewire.stream.sink import SinkRequest

PORT = 9_000


@dataclass(frozen=True, slots=True)
class VrchatOutput:
    """Makes the sink of a URI, as the function of an entry point does."""

    about: OutputHelp

    def __call__(self, request: SinkRequest) -> VrchatSink:
        """Return the sink that a URI names.

        Raises:
            ConfigError: the URI says something that there is not, or zeroconf is missing.
        """
        address = parse_address(request.uri, self.about, host="127.0.0.1", port=PORT)
        options = address.options
        return VrchatSink(
            address,
            self.about.switch_on,
            plain=options["set"] == "plain",
            eyes=options["eyes"] == "yes",
            prefix=options["prefix"],
            search=AvatarSearch(address.host) if options["oscquery"] == "yes" else None,
        )


open_vrchat = VrchatOutput(
    OutputHelp(
        form="vrchat://HOST[:9000]",
        example="vrchat://127.0.0.1:9000?set=v2",
        receivers="VRChat, with an avatar for VRCFaceTracking; its eyes with any avatar",
        switch_on="switch on OSC in the action menu (Options, OSC, Enabled)",
        options=(
            Option("set", "v2", "VRCFaceTracking's parameters, or the 52 ARKit names",
                   ("v2", "plain")),
            Option("oscquery", "no", "whether VRChat is asked where it listens and which "
                   "parameters its avatar has", ("yes", "no")),
            Option("eyes", "yes", "whether VRChat's own eyes are moved", ("yes", "no")),
            Option("prefix", "", "what the avatar's names begin with, such as FT/; OSCQuery knows "
                   "it by itself"),
        ),
    )
)  # fmt: skip
