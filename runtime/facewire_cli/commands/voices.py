"""`facewire voices`: what `facewire say` can speak, and with which voices."""

from typing import Annotated

import msgspec
import typer
from rich.columns import Columns
from rich.console import Console

from facewire.speaking.voices import embedded_languages, embedded_voices

EXAMPLES = """
Examples:

    facewire voices

    facewire voices --json

    facewire say "Guten Tag." --language de --voice Annie
"""


def voices(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lists.")] = False,
) -> None:
    """List the languages and voices that `facewire say` can choose: espeak-ng's own.

    Every voice speaks every language.
    """
    languages, names = embedded_languages(), embedded_voices()
    console = Console()
    if as_json:
        found = {"languages": languages, "voices": names}
        console.out(msgspec.json.encode(found).decode(), highlight=False)
        return
    console.print("--language", style="bold")
    console.print(Columns([f"{code}  {name}" for code, name in languages.items()], padding=(0, 3)))
    console.print("--voice", style="bold")
    console.print(Columns(names, padding=(0, 3)))
