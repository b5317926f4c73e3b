"""Standard input, which whoever starts a program may have closed."""

import sys
from typing import BinaryIO

from facewire.errors import ConfigError


def standard_input() -> BinaryIO:
    """Return its bytes.

    Raises:
        ConfigError: it is closed.
    """
    # Python's types do not tell that it is None then.
    stream: object = sys.stdin
    if stream is None:
        raise ConfigError("standard input is closed; send something into it, or name a file")
    return sys.stdin.buffer
