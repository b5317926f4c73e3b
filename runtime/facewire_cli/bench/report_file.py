"""What every report of a benchmark says about how it came about, and how it is written."""

import shlex
import sys
from datetime import date
from pathlib import Path

import msgspec

from facewire.errors import ConfigError


def today() -> str:
    """Return the date as ISO writes it."""
    return date.today().isoformat()


def command_line() -> str:
    """Return the command that runs now, as a user can type it again."""
    program = Path(sys.argv[0])
    name = "facewire" if program.suffix != ".py" or program.name == "__main__.py" else program.name
    return shlex.join([name, *sys.argv[1:]])


def write_report(path: Path, report: msgspec.Struct) -> None:
    """Write a report as JSON that people can read.

    Raises:
        ConfigError: the file cannot be written.
    """
    content = msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"cannot write {path} ({error.strerror}); check the path") from error
