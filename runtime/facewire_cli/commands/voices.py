"""`facewire voices`: what `facewire say` can speak, and with which voices."""

from typing import Annotated

import msgspec
import typer
from rich.columns import Columns
from rich.console import Console
from rich.table import Table

from facewire.errors import ConfigError
from facewire.plugins import Plugin, plugins
from facewire.speaking.voice import (
    CheckableLoader,
    DescribedLoader,
    VoiceDescription,
    VoiceRequest,
)
from facewire.speaking.voices import EMBEDDED, default_voice

EXAMPLES = """
Examples:

    facewire voices

    facewire voices --json

    facewire say "Guten Tag." --language de --voice Annie
"""


class Row(msgspec.Struct, frozen=True):
    """One voice."""

    name: str
    """With what has to be written after it."""
    speaks: str
    sounds: str
    licence: str
    installed: bool
    get: str
    """How to get what is missing."""
    package: str
    is_ours: bool
    own_voices: tuple[tuple[str, str], ...] = ()
    """Voices of its own: what comes after `NAME:`, and what that is."""


def voices(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lists.")] = False,
) -> None:
    """List the voices, languages and variants that `facewire say` can choose.

    What is not installed says how to get it. The first voice that speaks the language and is
    installed is the one that is meant where none is named.
    """
    rows = [_row(plugin) for plugin in plugins("voice")]
    default = default_voice("en-us")
    rows.sort(key=lambda row: (row.name != default, not row.installed, row.name))
    languages, names = _espeak(installed=any(r.name == EMBEDDED and r.installed for r in rows))
    console = Console()
    if as_json:
        others = {p.name: p.package for p in plugins("voice") if p.name != EMBEDDED}
        found = {"all": rows, "languages": languages, "voices": names, "others": others}
        console.out(msgspec.json.encode(found).decode(), highlight=False)
        return
    console.print(_table(rows), soft_wrap=True)
    for row in (row for row in rows if row.own_voices):
        console.print(f"\n--voice, of {row.name}", style="bold")
        for name, about in row.own_voices:
            line = f"{row.name}:{name}  {about}"
            console.print(line, soft_wrap=True, markup=False, highlight=False)
    if languages:
        console.print("\n--language, of espeak", style="bold")
        listed = [f"{code}  {name}" for code, name in languages.items()]
        console.print(Columns(listed, padding=(0, 3)))
        console.print("\n--voice, variants of espeak", style="bold")
        console.print(Columns(names, padding=(0, 3)))


def _espeak(*, installed: bool) -> tuple[dict[str, str], list[str]]:
    """Return the languages and the variants of espeak-ng."""
    if not installed:
        return {}, []
    from facewire_engines.voices.espeak.library import language_names, variants

    return dict(sorted(language_names().items())), sorted(variants(), key=str.casefold)


def _row(plugin: Plugin) -> Row:
    """Describe a voice, without starting or reaching anything."""
    try:
        load = plugin.load()
    except ConfigError as error:
        return Row(plugin.name, "", "", "", False, str(error), plugin.package, plugin.is_ours)
    described = VoiceDescription("", "", "", "")
    if isinstance(load, DescribedLoader):
        described = load.describe()
    # What it needs is the user's own, and is looked for when it is named.
    installed, get = True, described.get if described.needs else ""
    name = f"{plugin.name}:{described.needs}" if described.needs else plugin.name
    if not described.needs and isinstance(load, CheckableLoader):
        try:
            load.check(VoiceRequest())
        except ConfigError:
            installed, get = False, described.get
    return Row(
        name, described.speaks, described.sounds, described.licence, installed, get,
        plugin.package, plugin.is_ours, described.own_voices,
    )  # fmt: skip


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("--voice", no_wrap=True)
    table.add_column("speaks", no_wrap=True)
    table.add_column("licence")
    table.add_column("installed", overflow="fold")
    for row in rows:
        there = row.get or ("yes" if row.is_ours else f"yes, by {row.package}")
        words = (row.name, row.speaks, row.licence, there)
        table.add_row(*(word.replace("[", "\\[") for word in words))
    return table
