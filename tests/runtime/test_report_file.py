"""A report says which command made it, so that somebody can run that command again."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facewire.errors import ConfigError
from facewire.report_file import write_report

SAY = "from facewire.report_file import command_line; print(command_line())"
RUNTIME = str(Path(__file__).parents[2] / "runtime")


@pytest.mark.parametrize(
    ("program", "words", "said"),
    [
        ("studio/measure.py", ["studio/measure.py"], "python studio/measure.py"),
        ("studio/measure.py", ["-m", "studio.measure"], "python -m studio.measure"),
        ("bin/facewire", ["bin/facewire"], "facewire"),
        ("studio/__main__.py", ["-m", "studio"], "facewire"),
    ],
)
def test_a_command_is_named_as_it_can_be_typed_again(
    tmp_path: Path, program: str, words: list[str], said: str
) -> None:
    """It is a program of a folder, a module, or what pip installs; no folder of here is in it."""
    path = tmp_path / program
    path.parent.mkdir()
    path.write_text(SAY)
    printed = subprocess.run(
        [sys.executable, *words, "--seconds", "3", "two words"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{RUNTIME}"},
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    assert printed == f"{said} --seconds 3 'two words'\n"


def test_a_report_is_json_that_people_can_read(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report(path, {"p50": np.float64(1.5), "unknown": np.float32("nan")})
    assert path.read_text() == '{\n "p50": 1.5,\n "unknown": null\n}\n'
    with pytest.raises(ConfigError, match="choose another file with --json"):
        write_report(tmp_path / "missing" / "report.json", {})
