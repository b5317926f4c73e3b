"""Which folder of the page imports which: only those before it, so each works without the rest."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "clients" / "web" / "facewire_web"
ORDER = ("client", "realtime", "face", "sound", "speech", "avatar", "page", "")
"""The last is the page itself."""
IMPORT = re.compile(r'^(?:import|export)[^"]*from "([^"]+)"', re.MULTILINE)
USES = re.compile(r'import\("([^"]+)"\)|new URL\("([^"]+)", import\.meta\.url\)')


def imported(file: Path) -> list[Path]:
    text = re.sub(r"^\s*\*.*$|/\*\*.*\*/", "", file.read_text(), flags=re.MULTILINE)
    names = [*IMPORT.findall(text), *("".join(found) for found in USES.findall(text))]
    # What is built of `avatar` and three.js is no source.
    own = [name for name in names if name.startswith(".") and name != "../bundle/avatar.js"]
    return [(file.parent / name).resolve() for name in own]


@pytest.mark.parametrize("folder", ORDER)
def test_a_folder_imports_those_before_it(folder: str) -> None:
    files = sorted((PAGE / folder).glob("*.js"))
    assert files
    for file in files:
        for other in imported(file):
            assert other.is_file(), f"{file.name} imports {other}"
            where = other.relative_to(PAGE).parts
            before = ORDER[: ORDER.index(folder) + 1]
            assert (where[0] if len(where) > 1 else "") in before, f"{file.name} imports {other}"
