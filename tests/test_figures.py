"""Figures of the documents come from results, and results from commands."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("clients/*/README.md")])

GENERATED = re.compile(r"<!-- ([\w ]+) -->.*?<!-- end of \1 -->", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
MEASURED = re.compile(r"(?<![\w.])\d+(?:\.\d+)? ?%|\br \.\d\d\b")

DEFINITIONS = {
    "speech-encoders.md": ("99.9 % equal ids end with an error",),
    "README.md": ("by a speed within 1 %",),
    "microphone.md": ("up to 1 % faster or slower",),
    "hubert.md": ("0 % is", "100 % as wrong", "below 1 % of the clip's counts as 1 %"),
    "quality.md": (
        "that of 70 % of the true ones",
        "70 % by construction",
        "a shut mouth has 100 %",
    ),
}
"""Percentages that say what something means, not what was measured."""


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.name)
def test_a_result_names_its_command_and_is_listed(path: Path) -> None:
    found = json.loads(path.read_text("utf-8"))
    assert found["command"].startswith(("facewire ", "python "))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["date"])
    assert f"`{path.name}`" in (ROOT / "benchmarks" / "README.md").read_text("utf-8")


def test_every_result_that_is_listed_is_there() -> None:
    listed = re.findall(r"`([\w-]+\.json)`", (ROOT / "benchmarks" / "README.md").read_text("utf-8"))
    assert set(listed) == {path.name for path in RESULTS}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_was_measured_is_not_typed_in(path: Path) -> None:
    text = CODE.sub("", GENERATED.sub("", path.read_text("utf-8")))
    for definition in DEFINITIONS.get(path.name, ()):
        text = text.replace(definition, "")
    assert MEASURED.findall(text) == []
