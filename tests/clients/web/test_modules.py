"""The page's modules that need no page, by Node's own tests: one file a subject, in `node/`."""

import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "node"


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.test.mjs")), ids=lambda file: file.stem)
def test_modules(file: Path, require_node: str) -> None:
    done = subprocess.run(
        [require_node, "--test", "--test-reporter=tap", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
