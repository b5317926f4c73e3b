"""`facewire devices`: which microphones there are."""

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from facewire.sources.input_devices import InputDevice, list_input_devices

EXAMPLES = """
Examples:

    facewire devices

    facewire live --device 3

    facewire live --device "USB"
"""


def devices(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the microphones that `facewire live --device` can choose."""
    found = list_input_devices()
    console = Console()
    if as_json:
        console.out(msgspec.json.encode(found).decode(), highlight=False)
    elif found:
        console.print(_table(found))
    else:
        console.print("no microphone was found; connect one, or give --input FILE")


def _table(found: list[InputDevice]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("#", "name", "channels", "Hz", "system"):
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
