"""`osc://127.0.0.1:9000/face?preset=arkit-each`: faces for game engines (docs/osc.md)."""

from collections.abc import Callable

from facewire.frames import StreamSpec
from facewire.sinks.datagrams.address import Address
from facewire.sinks.datagrams.output import DatagramOutput
from facewire.sinks.datagrams.sink import Encode
from facewire.sinks.osc.layouts import LAYOUTS, encoder
from facewire.sinks.output_help import Option, OutputHelp

ABOUT = OutputHelp(
    form="osc://HOST:PORT[/ADDRESS]",
    example="osc://127.0.0.1:9000/face?preset=array",
    receivers="Unreal's OSC plug-in, Unity (uOSC, OscJack, extOSC), TouchDesigner, Max, Resonite",
    switch_on="let an OSC server listen on this port, and bind the addresses of docs/osc.md",
    options=(
        Option("preset", "array", "which messages a face becomes", tuple(LAYOUTS)),
        Option(
            "bundle", "", "whether they travel in bundles; else as the preset says", ("yes", "no")
        ),
    ),
)


def _encoder(address: Address) -> Callable[[StreamSpec], Encode]:
    return encoder(address.options["preset"], address.path, address.options["bundle"])


open_osc = DatagramOutput(ABOUT, _encoder, host="", takes_path=True)
