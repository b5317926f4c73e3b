"""The page's modules that need no page, by Node's own tests: one file a subject, in `node/`."""

import subprocess
from pathlib import Path

import pytest
from tests.conftest import skip_unless_ci

FOLDER = Path(__file__).parent / "node"
PACKAGES = Path(__file__).parents[3] / "clients" / "web" / "node_modules"


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
