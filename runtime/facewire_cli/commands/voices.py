"""`facewire voices`: what `facewire say` can speak, and with which voices."""

from typing import Annotated

import msgspec
import typer
from rich.columns import Columns
from rich.console import Console

from facewire.plugins import plugins
from facewire.speaking.voices import EMBEDDED

EXAMPLES = """
Examples:

    facewire voices

    facewire voices --json

    facewire say "Guten Tag." --language de --voice Annie
"""


def voices(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lists.")] = False,
) -> None:
    """List the languages and voices that `facewire say` can choose.

    Every voice of espeak-ng, which comes first, speaks every language.
    """
    from facewire_engines.voices.espeak.library import language_names, variants

    languages = dict(sorted(language_names().items()))
    names = sorted(variants(), key=str.casefold)
    others = {voice.name: voice.package for voice in plugins("voice") if voice.name != EMBEDDED}
    console = Console()
    if as_json:
        found = {"languages": languages, "voices": names, "others": others}
        console.out(msgspec.json.encode(found).decode(), highlight=False)
        return
    console.print("--language", style="bold")
    console.print(Columns([f"{code}  {name}" for code, name in languages.items()], padding=(0, 3)))
    console.print("--voice", style="bold")
    console.print(Columns(names, padding=(0, 3)))
    console.print("--voice NAME or NAME:..., of packages", style="bold")
    console.print(
        Columns([f"{name}  {package}" for name, package in others.items()], padding=(0, 3))
    )
