"""What the command line's parser refuses, said as every other mistake: in one sentence."""

import math
import re
from typing import Any

import typer

from facewire.emotion import parse_emotion, parse_shares
from facewire.errors import ConfigError
from facewire.toml_file import nearest

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises for an option, an argument or a command that is none; it has no public name."""

_SENTENCES = (
    (r"No such command '(.*?)'.*", r"there is no command \1"),
    (r"No such option: (\S+).*", r"there is no option \1"),
    (r"Missing argument '(.*?)'\.?", r"\1 is missing"),
    (r"Missing option '(.*?)'.*", r"\1 is missing"),
    (r"Got unexpected extra argument.*? \((.*)\)", r"there is no place for \1"),
    (r"Option '(.*?)' requires an argument\.?", r"\1 wants a value"),
    (r"Invalid value for '(.*?)': (.* finite number)", r"\1 \2"),
    (
        r"Invalid value for '(.*?)': [Ff]ile '(.*)' is a directory\.?",
        r"\1: \2 is a folder; name a file",
    ),
    (
        r"Invalid value for '(.*?)': (?:Value error, )?'(.*)' is not one of (.*?)\.?",
        r"\1 is one of \3, not '\2'",
    ),
    (r"Invalid value for '(.*?)': .*integer.*", r"\1 wants a whole number"),
    (r"Invalid value for '(.*?)': .*(?:number|float).*", r"\1 wants a number"),
    (
        r"Invalid value for '(.*?)': .*greater than or equal to (\S+)",
        r"\1 is out of range: give at least \2",
    ),
    (
        r"Invalid value for '(.*?)': .*less than or equal to (\S+)",
        r"\1 is out of range: give at most \2",
    ),
    (r"Invalid value for '(.*?)': (.*)", r"\1: \2"),
)


def usage_sentence(error: Any) -> str:
    """Return what is wrong with the words of a command, and which help to look at."""
    said = re.sub(r"'(-\S+)'(?: / '-\S+')+", r"'\1'", " ".join(error.format_message().split()))
    for pattern, sentence in _SENTENCES:
        if match := re.fullmatch(pattern, said):
            said = match.expand(sentence) + _meant(error, match[1])
            break
    if error.ctx is None:
        return said
    return f"{said}{' See' if said.endswith('?') else '; see'} {error.ctx.command_path} --help"


def finite(value: Any) -> Any:
    """Return the number, or numbers, of an option; what counts as one but is none is refused.

    Python and typer take "nan" and "inf" for numbers, and no option here has a use for them.

    Raises:
        UsageError: it is not finite.
    """
    for number in value if isinstance(value, list | tuple) else (value,):
        if number is not None and not math.isfinite(number):
            raise typer.BadParameter(f"{number} is out of range: give a finite number")
    return value


def emotion_shares(text: str | None) -> dict[str, float] | None:
    """Return the shares of an emotion that was given by an option.

    Raises:
        UsageError: it is none.
    """
    try:
        return None if text is None else parse_emotion(text)
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from error


def style_shares(text: str | None) -> dict[str, float] | None:
    """Return the shares of styles that were given by an option; the engine knows which there are.

    Raises:
        UsageError: they are none.
    """
    try:
        return None if text is None else parse_shares(text, "style", "grid=0.3,facegood=0.2")
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from error


def _meant(error: Any, wrong: str) -> str:
    """Return the command or the option that somebody may have meant, as a question."""
    command = error.ctx.command if error.ctx else None
    if command is None or (wrong[:1] != "-" and not hasattr(command, "commands")):
        return ""
    if wrong[:1] == "-":
        known = [name for option in command.params for name in option.opts]
        if wrong in known:
            return ""
    else:
        known = list(command.commands)
    found = nearest(wrong, known)
    return f"; did you mean {found}?" if found else ""
