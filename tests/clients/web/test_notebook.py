"""The notebook of the docs runs, and the face in it moves with its sound."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

from facewire.animator import animate
from facewire_web.notebook import show_face

NOTEBOOK = Path(__file__).parents[3] / "docs" / "notebook.ipynb"
MOUTH = """() => {
  const canvas = document.querySelector("canvas");
  const { width, height } = canvas;
  return Array.from(canvas.getContext("2d").getImageData(0, height / 2, width, height / 3).data);
}"""


@pytest.fixture(scope="module")
def executed() -> Any:
    nbformat = pytest.importorskip("nbformat", reason="pip install nbformat nbclient ipykernel")
    nbclient = pytest.importorskip("nbclient", reason="pip install nbformat nbclient ipykernel")
    pytest.importorskip("ipykernel", reason="pip install nbformat nbclient ipykernel")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    return notebook


def shown(notebook: Any, kind: str) -> list[str]:
    return [
        output["data"][kind]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


def test_it_shows_a_face_a_table_and_two_plots(executed: Any) -> None:
    face, table = shown(executed, "text/html")
    assert face.startswith("<iframe")
    assert "jawOpen" in table
    assert len(shown(executed, "image/png")) == 2


def test_it_is_kept_without_its_outputs() -> None:
    nbformat = pytest.importorskip("nbformat", reason="pip install nbformat nbclient ipykernel")
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.fixture
def cell(executed: Any, tmp_path: Path) -> Iterator["Page"]:
    api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("install Debian's chromium")
    document = tmp_path / "cell.html"
    document.write_text(f"<!doctype html>{shown(executed, 'text/html')[0]}", "utf-8")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(document.as_uri())
        yield page
        browser.close()


def test_the_face_moves_with_the_sound(cell: "Page") -> None:
    frame = cell.frames[-1]
    frame.wait_for_function("document.querySelector('audio').duration > 9")
    silent = frame.evaluate(MOUTH)
    assert len(set(silent)) > 50  # A face, not an empty canvas.
    frame.evaluate(
        """() => new Promise((resolve) => {
          const sound = document.querySelector("audio");
          sound.addEventListener("seeked", () => requestAnimationFrame(resolve), { once: true });
          sound.currentTime = 1.0;
        })"""
    )
    spoken = frame.evaluate(MOUTH)
    changed = np.abs(np.array(silent, int) - np.array(spoken, int)) > 24
    assert changed.mean() > 0.002


def test_what_cannot_be_shown_is_said() -> None:
    face = animate(np.zeros(16_000, np.float32), 16_000)
    with pytest.raises(ValueError, match="take one channel"):
        show_face(face, np.zeros((16_000, 2), np.float32), 16_000)
    empty = animate(np.zeros(0, np.float32), 16_000)
    with pytest.raises(ValueError, match="no frame"):
        show_face(empty, np.zeros(0, np.float32), 16_000)
