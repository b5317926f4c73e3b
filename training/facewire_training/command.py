"""How the commands of this package begin and end."""

import argparse
import os
import re
import sys
from collections.abc import Callable
from typing import NoReturn

from facewire.errors import ConfigError, FacewireError

INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line as every other mistake is said."""
        said = re.sub(r"^argument (\S+): is ", r"\1 is ", message).removeprefix("argument ")
        raise ConfigError(f"{said}; see {self.prog} --help")


def make_parser(about: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help begins with what the module says about itself.

    Its `parse_args` raises `ConfigError` for what it refuses, so it is called in `run_command`.
    """
    module = sys.modules["__main__"].__spec__
    return _Parser(
        prog=f"python -m {module.name}" if module else None,
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


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
    except BrokenPipeError:
        # Whoever read it, such as `head`, has enough; Python would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        print(f"error: cannot use{where}: {error.strerror or error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
