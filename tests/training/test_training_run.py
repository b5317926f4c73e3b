"""A folder that is trained in: one process at a time, and whole whatever happens."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
resource = pytest.importorskip("resource", reason="needs a POSIX system, which limits files")

from facewire.errors import ConfigError
from facewire_training.training_run import (
    hold_folder,
    read_state,
    replace_text,
    write_checkpoint,
)

HOLDER = """
import sys, time
from pathlib import Path
from facewire_training.training_run import hold_folder
with hold_folder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file grow larger, as if the disk were full there."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_is_held_by_one_process_until_it_dies(tmp_path: Path) -> None:
    run = tmp_path / "new" / "run"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(run)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ConfigError, match=r"another process writes to .*run; wait until"):
            hold_folder(run).__enter__()
    finally:
        holder.kill()
        holder.communicate()
    for _ in range(2):
        with hold_folder(run):
            assert run.is_dir()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot write to .*; choose another folder"):
        hold_folder(tmp_path / "file" / "run").__enter__()


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    write_checkpoint({"step": 1, "network": torch.zeros(1000)}, path)
    before = path.read_bytes()
    with (
        files_up_to(len(before) + 10_000),
        pytest.raises(ConfigError, match=r"cannot write .*checkpoint.pt .*make room, and start"),
    ):
        write_checkpoint({"step": 2, "network": torch.ones(100_000)}, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["checkpoint.pt"]


def test_a_full_disk_while_a_folder_is_held_is_one_sentence(tmp_path: Path) -> None:
    with hold_folder(tmp_path):
        replace_text(tmp_path / "config.json", "{}")
    with (
        files_up_to(100),
        pytest.raises(ConfigError, match="what was whole is kept: make room"),
        hold_folder(tmp_path),
    ):
        replace_text(tmp_path / "config.json", "x" * 1000)
    assert (tmp_path / "config.json").read_text() == "{}"
    assert not (tmp_path / "config.json.tmp").exists()
    with pytest.raises(OSError, match="another"), hold_folder(tmp_path):
        raise OSError(errno.EIO, "another")


def test_a_damaged_or_missing_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(ConfigError, match=r"there is no .*checkpoint.pt; train a run first"):
        read_state(path)
    write_checkpoint({"step": 3}, path)
    assert read_state(path) == {"step": 3}
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"no checkpoint at all"):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match=r"checkpoint.pt is damaged; remove it and train"):
            read_state(path)
    torch.save([1, 2], path)
    with pytest.raises(ConfigError, match="is no checkpoint; choose another run"):
        read_state(path)
