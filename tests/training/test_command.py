"""How commands of the training end, whatever went wrong."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from facewire.errors import ConfigError, EngineError
from facewire_training.command import run_command


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (ConfigError("give another"), 2, "error: give another\n"),
        (EngineError("it broke"), 1, "error: it broke\n"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "runs/a"),
            1,
            "error: cannot use runs/a: No such file or directory\n",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            1,
            "error: cannot use: No space left on device\n",
        ),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_error_is_a_sentence_and_a_status(
    error: BaseException, status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run_command(work)
    assert ended.value.code == status
    assert capsys.readouterr().err == says


def test_who_has_read_enough_ends_a_command_without_a_word(tmp_path: Path) -> None:
    code = """
from facewire_training.command import run_command
def work():
    for line in range(100_000):
        print("a line of a long table", line)
run_command(work)
"""
    command = f"{sys.executable} -c '{code}' | head -1"
    told = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert told.stdout == "a line of a long table 0\n"
    assert told.stderr == ""
