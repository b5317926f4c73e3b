"""What can be told of the plug-in's files without Unreal, which alone compiles them."""

import json
import re
import subprocess
from pathlib import Path

from tests.clients.unreal.conftest import HEADERS, Header

import facewire

ROOT = HEADERS.parents[4]
PLUGIN = ROOT / "unreal" / "Facewire"
SOURCE = PLUGIN / "Source" / "Facewire"


def files() -> list[Path]:
    found = [path for path in PLUGIN.rglob("*") if path.suffix in (".h", ".cpp", ".cs")]
    assert len(found) > 10
    return found


def test_the_descriptor_names_the_module_that_is_there() -> None:
    descriptor = json.loads((PLUGIN / "Facewire.uplugin").read_text())
    assert descriptor["FileVersion"] == 3
    assert descriptor["VersionName"] == facewire.__version__
    (module,) = descriptor["Modules"]
    assert (SOURCE / f"{module['Name']}.Build.cs").is_file()
    module_source = (SOURCE / "Private" / "FacewireModule.cpp").read_text()
    assert f"IMPLEMENT_MODULE(FDefaultModuleImpl, {module['Name']})" in module_source


def test_headers_of_ours_that_are_included_are_there() -> None:
    headers = {path.name for path in files() if path.suffix == ".h"}
    for path in files():
        text = path.read_text()
        for name in re.findall(
            r'#include "(?:Facewire/)?((?:Facewire|Json|Playout|Protocol)\w*\.h)"', text
        ):
            assert name in headers, f"{path.name}: {name}"
        # Unreal's header tool wants its file last, and of the same name.
        if "GENERATED_BODY" in text:
            assert re.findall(r'#include "(.+)"', text)[-1] == f"{path.stem}.generated.h"


def test_the_part_without_an_engine_knows_none() -> None:
    for path in (HEADERS / "Facewire").glob("*.h"):
        includes = set(re.findall(r'#include ["<](.+)[">]', path.read_text()))
        assert {name for name in includes if name.endswith(".h")} <= {"Json.h", "Protocol.h"}


def test_the_program_of_the_readme_compiles(header: Header, tmp_path: Path) -> None:
    page = (ROOT / "unreal" / "README.md").read_text()
    (program,) = re.findall(r"```cpp\n#include (.*?)\n(.*?)```", page, re.DOTALL)
    source = f"""#include {program[0]}
        void Draw(const std::vector<std::string>&, const std::vector<float>&);
        void Run(std::string_view text, const std::uint8_t* data, std::size_t size, double now)
        {{ {program[1]} }}
    """
    (tmp_path / "program.cpp").write_text(source)
    result = subprocess.run(
        ["g++", "-std=c++17", "-fsyntax-only", "-Wall", f"-I{HEADERS}",
         str(tmp_path / "program.cpp")],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def test_sources_say_their_licence_and_are_short() -> None:
    for path in files():
        lines = path.read_text().splitlines()
        assert lines[0] == "// SPDX-License-Identifier: Apache-2.0", path
        assert len(lines) <= 300, path
        assert max(map(len, lines)) <= 120, path
