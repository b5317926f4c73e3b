"""Inputs by the way that `--input` names them."""

import re
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError
from facewire.plugins import find_plugin, has_plugin, plugins
from facewire.stream.source import Source, SourceRequest

_NAME = re.compile(r"[a-z][a-z0-9+._-]+", re.IGNORECASE)
"""Not the drive of a path."""


@dataclass(frozen=True, slots=True)
class Input:
    """Which source is meant, and what of it."""

    name: str
    """As its entry point is called."""
    argument: str = ""

    @property
    def reads(self) -> Path | int | None:
        """The file or the descriptor that is read, as far as that is known."""
        if self.name == "stdin":
            return 0
        return Path(self.argument) if self.name == "file" else None

    def open(self, request: SourceRequest) -> Source:
        """Return the source.

        Raises:
            ConfigError: it does not load, or what it is asked for is not there.
        """
        source: Source = find_plugin("source", self.name).make(request, Source)
        return source


def parse_input(text: str) -> Input:
    """Return what `-`, `speech.wav` or `NAME:ARGUMENT` names; a file that exists comes first.

    Raises:
        ConfigError: it is neither a file nor a source that a package adds.
    """
    if text == "-":
        return Input("stdin")
    name, colon, rest = text.partition(":")
    if not colon or not _NAME.fullmatch(name) or Path(text).exists():
        return Input("file", text)
    if not has_plugin("source", name):
        names = ", ".join(plugin.name for plugin in plugins("source"))
        raise ConfigError(
            f"there is no file {text!r}, and no source {name!r}; give a file, or one of {names}"
        )
    return Input(name.lower(), rest.removeprefix("//"))
