"""What a program hears that has no framework, or another version of it, than the face needs."""

import subprocess
import sys
from pathlib import Path

import pytest

ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from facewire.errors import ConfigError
import facewire_agents.{module}
try:
    from facewire_agents.{module} import {name}
except ConfigError as error:
    print(error)
"""
NAMES = {"pipecat": ("pipecat-ai", "FaceProcessor"), "livekit": ("livekit-agents", "FaceOutput")}
PARTS = [("pipecat", "1.13", "2.0"), ("livekit", "1.8", "2.0")]


def said(module: str, folder: Path) -> str:
    """Return what a program prints that finds the packages of a folder first."""
    code = ASK.format(module=module, name=NAMES[module][1])
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def install(folder: Path, module: str, version: str) -> None:
    """Put what pip leaves of a package into a folder, without its code."""
    package = NAMES[module][0]
    info = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")


@pytest.mark.parametrize(("module", "since", "before"), PARTS)
@pytest.mark.parametrize("version", ["0.0.98", "2.0.1", "2.1.0rc1", "nightly"])
def test_a_version_that_is_not_supported_is_named_with_those_that_are(
    tmp_path: Path, module: str, since: str, before: str, version: str
) -> None:
    install(tmp_path, module, version)
    sentence = said(module, tmp_path)
    package = NAMES[module][0]
    assert f"{package} {version} is not supported" in sentence
    assert f"versions from {since} to before {before} are" in sentence
    assert module in sentence.partition("install one with: pip install ")[2]
    assert "\n" not in sentence


@pytest.mark.parametrize("module", NAMES)
def test_a_version_that_does_not_load_says_why(tmp_path: Path, module: str) -> None:
    install(tmp_path, module, "1.13.5")
    sentence = said(module, tmp_path)
    assert "does not load (No module named" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("module", NAMES)
def test_a_framework_that_is_not_there_is_asked_for(tmp_path: Path, module: str) -> None:
    sentence = said(module, tmp_path)
    assert f"is not installed ({NAMES[module][0]}); install it with: pip install" in sentence
    assert "\n" not in sentence
