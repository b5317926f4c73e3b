"""New arrays in files that are mapped into memory."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import DTypeLike


def new_mapped(
    file: Path, kind: DTypeLike, shape: tuple[int, ...]
) -> np.memmap[Any, np.dtype[Any]]:
    """Make a `.npy` file of zeros, mapped into memory.

    All of its room is taken at once: where a disk gets full later, writing to a mapped file ends
    the whole process.

    Raises:
        OSError: there is no room, or it cannot be written.
    """
    rows = open_memmap(file, "w+", np.dtype(kind), shape)
    if hasattr(os, "posix_fallocate"):  # not on macOS and Windows
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    return rows
