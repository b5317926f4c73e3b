"""How the commands of this package end, and how they write down what they measured."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from facewire.errors import ConfigError, FacewireError
from facewire_cli.bench.report_file import today

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
    """Write what was measured to a file, with the date and the command that did it.

    Raises:
        ConfigError: it cannot be written.
    """
    module = f"facewire_training.recipes.hubert.{Path(sys.argv[0]).stem}"
    made = {"date": today(), "command": shlex.join(["python", "-m", module, *sys.argv[1:]])}
    content = msgspec.json.encode(made | msgspec.to_builtins(value))
    try:
        path.write_bytes(msgspec.json.format(content, indent=1) + b"\n")
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}); choose another file with --json"
        ) from error
