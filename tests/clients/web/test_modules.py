"""The page's modules that need no page, by Node's own tests: one file a subject, in `node/`."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.conftest import skip_unless_ci

from facewire.emotion import NAMES

FOLDER = Path(__file__).parent / "node"
WEB = Path(__file__).parents[3] / "clients" / "web"
PACKAGES = WEB / "node_modules"


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.test.mjs")), ids=lambda file: file.stem)
def test_modules(file: Path, require_node: str) -> None:
    if "node_modules" in file.read_text() and not PACKAGES.is_dir():
        skip_unless_ci("no three.js: make web, which needs npm")
    done = subprocess.run(
        [require_node, "--test", "--test-reporter=tap", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("index.html", r'<select id="emotion-name">(.*?)</select>'),
        ("index.d.ts", r"export type Feeling = (.*?);"),
        ("page/typing/marks.js", r"const MARK = (.*)"),
    ],
)
def test_emotions_are_those_of_the_library(file: str, names: str) -> None:
    found = re.search(names, (WEB / "facewire_web" / file).read_text(), re.DOTALL)
    assert found is not None
    words = re.findall(r"[a-z]+", found[1])
    assert [word for word in words if word in NAMES] == list(NAMES)
