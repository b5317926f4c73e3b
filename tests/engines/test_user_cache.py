"""Users without a home, or with one that they may not look into, as containers have them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from facewire_engines.user_cache import NOWHERE, user_cache

if sys.platform == "win32":
    pytest.skip("Windows has no numbers of users", allow_module_level=True)

CLIP = str(Path(__file__).parents[2] / "runtime" / "facewire" / "assets" / "demo.flac")

STRANGER = """
import pwd, sys
def unknown(number):
    raise KeyError(f"getpwuid(): uid not found: {number}")
pwd.getpwuid = unknown  # what the system answers about a number that nobody was given
from facewire_cli.__main__ import main
sys.argv[0] = "facewire"
main()
"""


def facewire(*words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STRANGER, *words],
        cwd=cwd, env={"PATH": os.environ["PATH"], **variables},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip


@pytest.mark.parametrize("variables", [{}, {"HOME": "/nonexistent"}, {"HOME": ""}])
@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("models", "list"), 0),
        (("models", "verify"), 0),
        (("engine", "list"), 0),
        (("animate", CLIP, "-o", "face.csv"), 0),
        (("live", "--input", "short.wav", "--no-page"), 2),
        (("animate", CLIP, "-o", "face.csv", "--backend", "tensorrt"), 1),
    ],
)
def test_a_command_works_or_says_one_sentence(
    command: tuple[str, ...], status: int, variables: dict[str, str], tmp_path: Path
) -> None:
    result = facewire(*command, cwd=tmp_path, **variables)
    if "tensorrt" in command and result.returncode == 0:
        pytest.skip("this machine has a GPU")
    assert result.returncode in ({1, 2} if status else {0}), result.stderr
    said = [line for line in result.stderr.splitlines() if line.startswith("facewire: ")]
    assert len(said) == bool(status)
    assert "Traceback" not in result.stderr
    assert not {path.name for path in tmp_path.iterdir()} - {"face.csv"}


def test_the_cache_that_is_given_is_used_without_a_home(tmp_path: Path) -> None:
    result = facewire("engine", "list", cwd=tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert result.returncode == 0, result.stderr
    assert str(tmp_path / "cache" / "facewire" / "plans") in result.stdout.replace("\n", "")


def test_a_cache_is_an_absolute_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "facewire"
    monkeypatch.setenv("HOME", "relative")
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert user_cache().is_relative_to(NOWHERE)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_cache().is_relative_to(tmp_path)


PRIVATE = """
import os, sys
sys.argv[0] = "facewire"
import facewire_cli.app, facewire_engines.backends.tensorrt.plans, facewire_engines.store.published
import facewire_engines.store.record, encodings.idna
os.setgroups([])
os.setresgid(12345, 12345, 12345)
os.setresuid(12345, 12345, 12345)
from facewire_cli.__main__ import main
main()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("command", [("engine", "list"), ("models", "list"), ("models", "verify")])
def test_a_home_that_belongs_to_another_is_empty(command: tuple[str, ...], tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".cache" / "facewire" / "plans").mkdir(parents=True)
    home.chmod(0o700)
    result = subprocess.run(
        [sys.executable, "-c", PRIVATE, *command],
        cwd="/", env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    if "No module named" in result.stderr:
        pytest.skip("another user cannot run this Python")
    assert result.returncode == 0, result.stderr
