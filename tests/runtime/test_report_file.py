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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_report_that_has_no_room_leaves_the_last_one(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "report.json"
    write_report(path, {"rows": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(ConfigError, match=r"cannot write .*report\.json"):
            write_report(path, {"rows": list(range(4000))})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == '{\n "rows": 1\n}\n'
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]


def test_a_report_goes_into_a_pipe_too(tmp_path: Path) -> None:
    code = "from pathlib import Path; from facewire.report_file import write_report;"
    code += "write_report(Path('/dev/stdout'), {'a': 1})"
    if not Path("/dev/stdout").exists():
        pytest.skip("there is no /dev/stdout")
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout == '{\n "a": 1\n}\n'
