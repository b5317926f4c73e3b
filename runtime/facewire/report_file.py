"""What every report of a measurement says about how it came about, and how it is written."""

import shlex
import sys
from datetime import date
from pathlib import Path

import msgspec
import numpy as np

from facewire.errors import ConfigError
from facewire.whole_file import write_whole


def today() -> str:
    """Return the date as ISO writes it."""
    return date.today().isoformat()


def command_line() -> str:
    """Return the command that runs now, as somebody can type it again.

    It names no folder of this machine: `facewire ...`, `python -m package.module ...`, or `python
    folder/program.py ...`.
    """
    program, module = Path(sys.argv[0]), sys.modules["__main__"].__spec__
    if program.suffix != ".py" or program.name == "__main__.py":
        words = ["facewire"]
    elif module is not None:
        words = ["python", "-m", module.name]
    else:
        words = ["python", "/".join(program.resolve().parts[-2:])]
    return shlex.join([*words, *sys.argv[1:]])


def write_report(path: Path, report: object) -> None:
    """Write a report as JSON that people can read.

    Args:
        path: file to write.
        report: a struct, a dataclass or a dictionary, with numpy's numbers too.

    Raises:
        ConfigError: the file cannot be written.
    """
    content = msgspec.json.format(msgspec.json.encode(report, enc_hook=_plain), indent=1) + b"\n"
    try:
        if path.exists() and not path.is_file():  # such as /dev/stdout
            path.write_bytes(content)
        else:
            write_whole(path.resolve(), content)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}); choose another file with --json"
        ) from error


def _plain(number: object) -> object:
    if isinstance(number, np.generic):
        return number.item()
    raise NotImplementedError(f"{type(number).__name__} in a report")
