"""`facewire devices`: which microphones and outputs there are."""

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from facewire.sources.sound_devices import (
    SoundDevice,
    list_input_devices,
    list_output_devices,
)

EXAMPLES = """
Examples:

    facewire devices

    facewire live --device 3

    facewire live --device "USB" --delay-audio "Virtual Cable"
"""


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the microphones and outputs that `facewire live` can choose."""
    heard, played = list_input_devices(), list_output_devices()
    console = Console()
    if as_json:
        console.out(msgspec.json.encode([*heard, *played]).decode(), highlight=False)
        return
    if heard:
        console.print(_table("microphone", heard))
    else:
        console.print("no microphone was found; connect one, or give --input FILE")
    if played:
        console.print("\n", _table("output", played), sep="")
    else:
        console.print("no output was found")


def _table(kind: str, found: list[SoundDevice]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("#", kind, "channels", "Hz", "system"):
        table.add_column(heading)
    for device in found:
        mark = " (default)" if device.is_default else ""
        table.add_row(
            str(device.index),
            f"{device.name}{mark}",
            str(device.channels),
            f"{device.sample_rate:g}",
            device.host_api,
        )
    return table
