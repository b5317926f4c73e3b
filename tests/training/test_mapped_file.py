"""Files that are mapped into memory have their room from the beginning."""

import os
from pathlib import Path

import numpy as np
import pytest

from facewire_training.mapped_file import new_mapped


def test_a_new_file_has_all_of_its_room_and_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "rows.npy"
    rows = new_mapped(file, np.float16, (300_000, 3))
    if hasattr(os, "posix_fallocate"):
        assert file.stat().st_blocks * 512 >= 300_000 * 3 * 2
    rows[-1] = 1
    rows.flush()
    found = np.load(file)
    assert found.dtype == np.float16
    assert found.shape == (300_000, 3)
    assert found.sum() == 3
    assert len(np.load(_empty(tmp_path))) == 0


def _empty(folder: Path) -> Path:
    new_mapped(folder / "none.npy", np.uint16, (0, 1))
    return folder / "none.npy"


def test_no_room_is_an_error_and_no_end_of_the_process(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="needs a POSIX system, which limits files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            new_mapped(tmp_path / "rows.npy", np.float32, (100_000, 8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
