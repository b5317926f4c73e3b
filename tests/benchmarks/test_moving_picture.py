"""The README's moving picture, and the program that makes it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("PIL", reason="install pillow: pip install pillow")

from PIL import Image, ImageSequence

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "benchmarks" / "moving_picture.py"
PICTURE = ROOT / "docs" / "pictures" / "moving.webp"


def check(path: Path, frames: int) -> None:
    """It is small enough for a README, moves, and begins again by itself."""
    assert path.stat().st_size < 2_000_000
    with Image.open(path) as picture:
        assert (picture.format, picture.size, picture.info["loop"]) == ("WEBP", (800, 450), 0)
        drawn = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(picture)]
    assert len(drawn) == frames
    assert len(set(drawn)) > frames / 2


def test_the_picture_of_the_readme_moves() -> None:
    assert f"docs/pictures/{PICTURE.name}" in (ROOT / "README.md").read_text("utf-8")
    check(PICTURE, 125)


def test_the_program_draws_the_page_as_it_speaks(tmp_path: Path) -> None:
    for module in ("torch", "pocketsphinx", "playwright"):
        pytest.importorskip(module, reason=f"install it: pip install {module}")
    for program in ("chromium", "ffmpeg"):
        if shutil.which(program) is None:
            pytest.skip(f"apt install {program}")
    path = tmp_path / "moving.webp"
    result = subprocess.run(
        [sys.executable, str(PROGRAM), "--out", str(path), "--every", "25"],
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    check(path, 5)
