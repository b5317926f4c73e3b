"""How the commands of this package begin and end."""

import argparse
import sys
from collections.abc import Callable

from facewire.errors import ConfigError, FacewireError

INTERRUPTED = 130


def make_parser(about: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help begins with what the module says about itself."""
    module = sys.modules["__main__"].__spec__
    return argparse.ArgumentParser(
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
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
