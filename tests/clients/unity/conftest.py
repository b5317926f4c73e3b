"""The package, compiled once, and the programs that move it."""

import re
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


@pytest.fixture(scope="session")
def scene(build: Path, core: Path) -> Program:
    """All of the package against stubs of Unity, each assembly with those that it may know."""
    stubs = HERE / "stubs"
    engine = compile_csharp(build / "UnityEngine.dll", [stubs / "UnityEngine.cs"])
    tools = compile_csharp(build / "UnityEditor.dll", [stubs / "UnityEditor.cs"], [engine])
    parts = compile_csharp(
        build / "Facewire.Components.dll",
        sources(PACKAGE / "Runtime" / "Components"),
        [core, engine],
    )
    editor = compile_csharp(
        build / "Facewire.Editor.dll", sources(PACKAGE / "Editor"), [core, parts, engine, tools]
    )
    sample = compile_csharp(
        build / "Sample.dll", sources(PACKAGE / "Samples~"), [core, parts, engine]
    )
    page = (PACKAGE / "README.md").read_text()
    (program,) = re.findall(r"```csharp\n(.*?)```", page, re.DOTALL)
    (build / "Greeter.cs").write_text(program)
    compile_csharp(build / "Greeter.dll", [build / "Greeter.cs"], [core, parts, engine], quiet=True)
    return Program(
        compile_csharp(
            build / "Scene.exe",
            sources(HERE / "scene"),
            [core, parts, editor, sample, engine, tools],
        )
    )
