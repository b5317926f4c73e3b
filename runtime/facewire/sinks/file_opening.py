"""Opens a file to record into: never over what somebody else keeps, and with the true reason."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from facewire.errors import ConfigError

_FLAGS = (
    os.O_WRONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    # A pipe that nobody reads is refused, instead of waiting for a reader for ever.
    | getattr(os, "O_NONBLOCK", 0)
)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is open for writing."""

    descriptor: int
    path: Path
    """Where it is, links resolved."""
    created: bool
    """Whether it was not there before."""
    regular: bool
    """Whether it is a file on a disk, and no device or pipe."""


def is_kept(path: Path) -> bool:
    """Tell whether a path is a file with something in it; devices and pipes keep nothing."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def open_to_record(path: Path, *, overwrite: bool) -> OpenFile:
    """Create a file, or open one that is empty or may be overwritten, which keeps its content yet.

    Raises:
        ConfigError: that cannot be done, or the file is kept.
    """
    try:
        return _open(path, overwrite)
    except (OSError, ValueError) as error:
        raise cannot_record(path, error) from error


def cannot_record(path: Path, error: OSError | ValueError) -> ConfigError:
    """Return the sentence that says why nothing can be recorded into a file."""
    if isinstance(error, FileNotFoundError):
        folder = Path(os.path.realpath(path)).parent
        if not folder.exists():
            return ConfigError(f"there is no folder {folder}; make it, or record somewhere else")
    if isinstance(error, OSError) and error.errno == errno.ENXIO:
        return ConfigError(f"nobody reads the pipe {path}; start its reader first")
    return ConfigError(f"cannot write {path} ({reason(error)}); record somewhere else")


def reason(error: Exception) -> str:
    """Return what went wrong, without the number and the path that Python adds."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _open(named: Path, overwrite: bool) -> OpenFile:
    path = named
    try:
        descriptor = os.open(path, _FLAGS)
        created = False
    except FileNotFoundError:
        path = Path(os.path.realpath(named))
        descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        created = True
    try:
        status = os.fstat(descriptor)
        regular = stat.S_ISREG(status.st_mode)
        if regular:
            _lock(descriptor)
            path = Path(os.path.realpath(named))
        if regular and status.st_size and not overwrite:
            raise ConfigError(f"{named} exists; give another name, or --overwrite to replace it")
    except BaseException:
        os.close(descriptor)
        raise
    return OpenFile(descriptor, path, created, regular)


def _lock(descriptor: int) -> None:
    """Keep other programs that record, and other outputs of this one, out of a file.

    Raises:
        OSError: it is being recorded into.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where a file that is open cannot be replaced
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EBUSY, "another recording is being written there") from None
    except OSError:
        return  # some network file systems have no locks
