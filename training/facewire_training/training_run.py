"""What every training shows and keeps: its progress, and a folder that holds together.

One process at a time writes to it, and neither a crash nor a full disk halves what is there.
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from filelock import FileLock, Timeout
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from facewire.errors import ConfigError

LOCK = "lock"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a system says where there is no more room."""


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Make a folder to write to, and keep other processes of this package out of it meanwhile.

    A process that ends, however it does, lets go of it.

    Raises:
        ConfigError: another process has it, it cannot be written to, or the disk is full.
    """
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigError(
            f"another process writes to {folder}; wait until it is done, or choose another folder"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder} ({error.strerror}); choose another folder"
        ) from error
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise _no_room(folder, error) from error
    finally:
        lock.release()


def check_numbers(step: int, gradient: float, losses: Mapping[str, float]) -> None:
    """Refuse to learn from a batch whose loss or gradient is no number; what is saved stays.

    Raises:
        ConfigError: one is not.
    """
    broken = [name for name, value in losses.items() if not isfinite(value)]
    if broken or not isfinite(gradient):
        what = f"loss ({', '.join(broken)})" if broken else "gradient"
        raise ConfigError(
            f"the {what} of batch {step} is no number; nothing was learned from it, and the last "
            "checkpoint is kept: take a smaller --rate, or look at what the batch holds"
        )


def show_progress() -> Progress:
    """Return a bar of steps, with what the training says of itself before it."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )


def write_checkpoint(state: Mapping[str, object], path: Path) -> None:
    """Write a file of torch's so that a crash in the middle leaves the last one whole.

    Raises:
        ConfigError: the disk takes no more; what was there stays.
    """
    partial = path.with_suffix(".tmp")
    try:
        torch.save(dict(state), partial)
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # torch says RuntimeError where writing fails
        raise _no_room(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def read_state(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read a file that `write_checkpoint` wrote.

    Raises:
        ConfigError: it is missing or damaged.
    """
    if not path.is_file():
        raise ConfigError(f"there is no {path}; train a run first, or name another")
    try:
        state = torch.load(path, weights_only=True, map_location=device)
    except (RuntimeError, LookupError, ValueError, EOFError, OSError, UnpicklingError) as error:
        raise ConfigError(f"{path} is damaged; remove it and train again") from error
    if not isinstance(state, dict):
        raise ConfigError(f"{path} is no checkpoint; choose another run")
    return state


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a crash or a full disk leaves the last one whole.

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(path.name + ".tmp")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _no_room(path: Path, error: OSError | RuntimeError) -> ConfigError:
    reason = getattr(error, "strerror", None) or "is the disk full?"
    return ConfigError(
        f"cannot write {path} ({reason}); what was whole is kept: make room, and start the same "
        "command again to go on"
    )
