"""How the commands of this package end, and how they write down what they measured."""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from facewire.errors import ConfigError, FacewireError

INTERRUPTED = 130


def run_command(work: Callable[[], None]) -> None:
    """Do a command's work.

    Raises:
        SystemExit: with 2 for the user's mistakes, 1 for other errors, 130 on Ctrl-C.
    """
    try:
        work()
    except FacewireError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2 if isinstance(error, ConfigError) else 1) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def write_json(path: Path, value: msgspec.Struct) -> None:
    """Write what was measured to a file.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}); choose another file with --json"
        ) from error
