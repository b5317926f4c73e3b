"""`facewire models` as a user meets it: a real process, a real server, an interrupt."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from facewire.errors import ConfigError, EngineError, FacewireError
from facewire_cli.app import app

pytest.importorskip("httpx", reason="install it: pip install -e '.[models]'")

MODELS = (sys.executable, "-m", "facewire", "models")
RESOLVED = "/facebook/hubert-base-ls960/resolve/main/"


def models(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*MODELS, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_pull_that_is_interrupted_goes_on_when_it_is_run_again(hub: Any, tmp_path: Path) -> None:
    """The server stands still in the middle until Ctrl-C has been pressed."""
    weights = bytes(range(256)) * 4_000
    hub.files = {RESOLVED + "config.json": b"{}", RESOLVED + "pytorch_model.bin": weights}
    hub.stall_after = 300_000
    command = ["pull", "hubert", "--store", str(tmp_path), "--endpoint", hub.address]
    process = subprocess.Popen([*MODELS, *command], stderr=subprocess.PIPE, text=True)
    assert hub.stalled.wait(30)
    part = tmp_path / "hubert" / "pytorch_model.bin.part"
    patience = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < patience:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.splitlines() == [
        "interrupted; run the same command again, and it goes on from there"
    ]
    hub.proceed.set()
    came = part.stat().st_size
    assert came > 0
    assert not (tmp_path / "hubert" / "pytorch_model.bin").exists()
    assert "in part" in models("list", "--store", tmp_path).stdout

    hub.stall_after = 0
    result = models(*command)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "hubert" / "pytorch_model.bin").read_bytes() == weights
    assert hub.asked[-1] == (RESOLVED + "pytorch_model.bin", f"bytes={came}-")
    assert "its sha256 is recorded" in result.stdout


def test_verify_finds_what_was_changed(hub: Any, tmp_path: Path) -> None:
    hub.files = {RESOLVED + "config.json": b"{}", RESOLVED + "pytorch_model.bin": b"weights"}
    pulled = models("pull", "hubert", "--store", tmp_path, "--endpoint", hub.address)
    assert pulled.returncode == 0, pulled.stderr
    whole = models("verify", "--store", tmp_path)
    assert whole.returncode == 0
    # Three files come with Facewire, and two were pulled.
    assert whole.stdout.count("ready") == 5
    (tmp_path / "hubert" / "pytorch_model.bin").write_bytes(b"Weights")
    changed = models("verify", "hubert", "--store", tmp_path)
    assert changed.returncode == 1
    assert "pytorch_model.bin of hubert cannot be used" in changed.stderr
    assert len(changed.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "kind", "says"),
    [
        (["pull", "nix"], ConfigError, "there is no model 'nix'"),
        (["pull", "beat2-matrix"], ConfigError, "--accept-licence"),
        (["pull", "hubert", "--from", "nowhere"], ConfigError, r"no config\.json in nowhere"),
        (["pull", "hubert", "--endpoint", "http://127.0.0.1:9"], EngineError, "cannot reach 127"),
        (["verify", "hubert"], EngineError, r"config\.json of hubert"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    hub: Any, tmp_path: Path, arguments: list[str], kind: type[FacewireError], says: str
) -> None:
    words = ["models", *arguments, "--store", str(tmp_path)]
    with pytest.raises(kind, match=says) as failure:
        CliRunner().invoke(app, words, catch_exceptions=False)
    assert "\n" not in str(failure.value)


def test_licences_say_what_is_allowed() -> None:
    shown = CliRunner().invoke(app, ["models", "licenses"], catch_exceptions=False).output
    for words in ("Apache-2.0", "commercial use: allowed", "commercial use: forbidden", "GRID"):
        assert words in shown
