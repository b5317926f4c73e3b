"""The package, compiled once."""

from pathlib import Path

import pytest
from tests.clients.unity.mono import HERE, PACKAGE, Program, compile_csharp, has_mono, sources
from tests.conftest import skip_unless_ci


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder where the compiled files are put."""
    if not has_mono():
        skip_unless_ci("no mono: apt install mono-mcs mono-runtime")
    return tmp_path_factory.mktemp("unity")


@pytest.fixture(scope="session")
def core(build: Path) -> Path:
    """The part without the engine: nothing of Unity is there when it is compiled."""
    return compile_csharp(build / "Facewire.Core.dll", sources(PACKAGE / "Runtime" / "Core"))


@pytest.fixture(scope="session")
def driver(build: Path, core: Path) -> Program:
    return Program(compile_csharp(build / "Driver.exe", sources(HERE / "driver"), [core]))
