"""What every training shows and keeps: its progress, and a folder that holds together.

One process at a time writes to it, and neither a crash nor a full disk halves what is there.
"""

import errno
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import msgspec
import numpy as np
import torch
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from facewire.errors import ConfigError
from facewire.whole_file import write_whole

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


def linear_schedule(step: int, steps: int, warm_up: int) -> float:
    """Return the learning rate's factor: linear warm-up, then linear to 1 %."""
    return min((step + 1) / warm_up, max(0.01, (steps - step) / max(steps - warm_up, 1)))


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


@contextmanager
def restoring(path: Path, made_by: str) -> Iterator[None]:
    """Say in one sentence where a checkpoint is not what the body takes it for.

    Args:
        path: of the checkpoint.
        made_by: the module that writes those that are wanted.

    Raises:
        ConfigError: something is missing from it, or of another kind or size.
    """
    try:
        yield
    except (LookupError, TypeError, RuntimeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path} is not of {made_by}; choose a run of that") from error


def read_arrays(path: Path, names: Iterable[str], made_by: str) -> dict[str, NDArray[Any]]:
    """Read arrays of a `.npz` file.

    Args:
        path: of the file.
        names: of the arrays.
        made_by: the module that writes such files.

    Raises:
        ConfigError: it is missing, damaged, or without these arrays.
    """
    again = f"make it with: python -m {made_by}"
    if not path.is_file():
        raise ConfigError(f"there is no {path}; {again}")
    try:
        # numpy leaves a file that it cannot read open, if it has opened it.
        with path.open("rb") as opened, np.load(opened) as file:
            return {name: file[name] for name in names}
    except (OSError, ValueError, LookupError, TypeError, EOFError, BadZipFile) as error:
        raise ConfigError(f"{path} is damaged, or something else; {again}") from error


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a crash or a full disk leaves the last one whole.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(path, text.encode())


def _no_room(path: Path, error: OSError | RuntimeError) -> ConfigError:
    reason = getattr(error, "strerror", None) or "is the disk full?"
    return ConfigError(
        f"cannot write {path} ({reason}); what was whole is kept: make room, and start the same "
        "command again to go on"
    )
