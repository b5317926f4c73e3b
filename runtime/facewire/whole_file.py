"""A file that is written whole, or not at all."""

import secrets
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a full disk or a signal in the middle leaves the last one as it was.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(f"facewire-{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
