"""A file on its way: what has come so far, and which version of the file that is the beginning of.

`NAME.part` holds the first bytes, in order; `NAME.part.etag` says of which version. A file gets its
name only when it is whole.
"""

import errno
import hashlib
import os
from pathlib import Path

from facewire.errors import ConfigError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BLOCK = 1 << 20


class PartialFile:
    """The beginning of a file. Used by one thread, in one process at a time."""

    def __init__(self, path: Path) -> None:
        """Look for what came before.

        Raises:
            ConfigError: the folder cannot be read or written.
        """
        self.path = path
        self._part = path.with_name(f"{path.name}.part")
        self._note = path.with_name(f"{path.name}.part.etag")
        self._digest = hashlib.sha256()
        self.size = 0
        """How many bytes there are."""
        self.etag = ""
        """The version that they begin, as the server calls it; empty if it gave no name."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self._note.exists() and self._part.exists():
                self.etag = self._note.read_text(encoding="utf-8")
                self._read()
        except (OSError, UnicodeDecodeError) as error:
            raise self._failure(error) from error

    def _read(self) -> None:
        with self._part.open("rb") as file:
            while block := file.read(_BLOCK):
                self._digest.update(block)
                self.size += len(block)

    @property
    def sha256(self) -> str:
        """The digest of what there is."""
        return self._digest.hexdigest()

    def restart(self, etag: str) -> None:
        """Forget what came, and begin this version; without a name it cannot be gone on with.

        Raises:
            ConfigError: the folder cannot be written, or the disk is full.
        """
        self._digest, self.size, self.etag = hashlib.sha256(), 0, etag
        try:
            self._note.unlink(missing_ok=True)
            self._part.write_bytes(b"")
            if etag:
                self._note.write_text(etag, encoding="utf-8")
        except OSError as error:
            raise self._failure(error) from error

    def append(self, data: bytes) -> None:
        """Add the bytes that come next.

        Raises:
            ConfigError: the disk is full, or the file cannot be written.
        """
        view = memoryview(data)
        try:
            with self._part.open("ab", buffering=0) as file:
                while view:
                    written = file.write(view)
                    self._digest.update(view[:written])
                    self.size += written
                    view = view[written:]
        except OSError as error:
            raise self._failure(error) from error

    def finish(self) -> None:
        """Give the file its name.

        Raises:
            ConfigError: it cannot be written.
        """
        try:
            with self._part.open("rb+") as file:
                os.fsync(file.fileno())
            self._part.replace(self.path)
            self._note.unlink(missing_ok=True)
        except OSError as error:
            raise self._failure(error) from error

    def discard(self) -> None:
        """Remove what came; the next try begins anew."""
        self._note.unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)

    def _failure(self, error: OSError | UnicodeDecodeError) -> ConfigError:
        if isinstance(error, OSError) and error.errno in _FULL:
            return ConfigError(
                f"there is no room for the rest of {self.path}; free some space and run the "
                "same command again, or choose another folder with --store"
            )
        reason = error.strerror if isinstance(error, OSError) else "a damaged note beside it"
        return ConfigError(
            f"cannot write {self.path} ({reason}); choose another folder with --store"
        )
