"""What other packages add: the one of docs/extending.md whole, and broken ones."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile

from facewire.plugins import KINDS, plugins
from facewire.recordings.live_link_table import read_csv

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
ROOT = PAGE.parents[1]


def fences(language: str) -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def install(folder: Path, pyproject: str, **modules: str) -> None:
    """Install a package into a folder, as pip does with what its pyproject says."""
    project = tomllib.loads(pyproject)["project"]
    name, version = project["name"], project["version"]
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines: list[str] = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))


def add(folder: Path, kind: str, name: str, target: str, package: str = "odd") -> None:
    """Install a package that adds one thing."""
    entry = f'[project.entry-points."facewire.{kind}s"]\n"{name}" = "{target}"'
    source = "number = 7\ndef nothing(request): return None\ndef none(): return None\n"
    install(folder, f'[project]\nname = "{package}"\nversion = "2.0"\n{entry}', odd_one=source)


def facewire(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "facewire", *words],
        cwd=folder, env=variables, capture_output=True, text=True, timeout=100,
    )  # fmt: skip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    with resources.as_file(resources.files("facewire") / "assets" / "demo.flac") as demo:
        samples, rate = soundfile.read(demo, dtype="float32", stop=32_000)
    soundfile.write(tmp_path / "speech.wav", samples, rate)
    return tmp_path / "speech.wav"


@pytest.fixture
def tin(tmp_path: Path, clip: Path) -> Path:
    """Where the package of the page is installed."""
    assert clip.parent == tmp_path
    install(tmp_path, fences("toml")[0], facewire_tin=fences("python")[0])
    return tmp_path


def test_every_command_of_the_page_works(tin: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")
    lines = [line for line in fences("sh")[0].splitlines() if line.startswith("facewire ")]
    assert {shlex.split(line)[1] for line in lines} == {"engine", "animate", "live", "say"}
    said = {}
    for line in lines:
        result = facewire(tin, *shlex.split(line)[1:])
        assert result.returncode == 0, result.stderr
        said[line.split()[1]] = result.stdout
    assert re.search(r"tin +facewire-tin 1\.0", said["engine"])
    assert read_csv(tin / "face.csv").weights.max(axis=0).argmax() == 17  # jawOpen
    jaws = [float(line.split()[2]) for line in said["live"].splitlines() if line[:4] == "tin "]
    assert len(jaws) > 60
    assert np.median(jaws) == pytest.approx(0.6, abs=0.05)
    assert soundfile.info(tin / "hum.wav").duration == pytest.approx(3 * 0.36, abs=0.02)
    assert len(read_csv(tin / "hum.csv").weights) == pytest.approx(3 * 0.36 * 60, abs=2)


def test_what_is_added_is_named(tin: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")
    told = facewire(tin, "--help").stdout
    for thing in ("engine tin", "voice hum", "source tone", "sink jaw"):
        assert f"{thing} " in told
    assert "(facewire-tin 1.0)" in told
    assert "facewire-tin 1.0" in facewire(tin, "voices").stdout
    unknown = facewire(tin, "live", "--engine", "nothing", "--demo", "--no-page")
    assert "there is no engine 'nothing'; choose one of energy, hubert, phones" in unknown.stderr
    assert "phones-batched, recipe, recipe-batched, tin" in unknown.stderr
    told = facewire(tin, "live", "--out", "x").stderr
    assert "give ifacialmocap://HOST, jaw:..., livelink://HOST, osc://HOST:PORT, vmc://HOST" in told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["live", "--input", "tone:high", "--no-page"], "'high' is no number of hertz"),
        (["live", "--input", "tune:440", "--no-page"], "no source 'tune'; give a file, or one of"),
        (["live", "--engine", "tin:x", "--demo", "--no-page"], "there is no engine 'tin:x'"),
        (["live", "--engine", "tin@onnx", "--demo", "--no-page"], "no model that a back-end could"),
        (["say", "Hello.", "--voice", "ham:x", "-o", "a.csv"], "no voice 'ham'; choose one of"),
        (["say", "Hello.", "--voice", "humm", "-o", "a.csv"], "no voice 'humm'; did you mean hum?"),
        (["serve", "--voice", "humm"], "no voice 'humm'; did you mean hum?"),
        (["animate", "speech.wav", "-o", "jaw:x"], "is not an output here; give csv:FILE"),
    ],
)
def test_mistakes_with_it_are_one_sentence(tin: Path, words: list[str], sentence: str) -> None:
    one_sentence(facewire(tin, *words), sentence)


def test_what_comes_over_a_network_does_not_get_its_voice(tin: Path) -> None:
    pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")
    program = """
from facewire.speaking.voices import load_local_voice, load_voice
wanted = {"language": "en-us", "voice": "hum", "rate": 175, "pitch": 50}
print(type(load_local_voice(**wanted)).__name__)
load_voice(**wanted)
"""
    result = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(tin)},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert result.stdout == "Hum\n"
    assert "ConfigError: espeak-ng has no voice 'hum'" in result.stderr


def one_sentence(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert result.returncode == 2, result.stderr
    said = result.stderr.replace("\n", " ").strip()
    assert said.startswith("facewire: ")
    assert "Traceback" not in said
    for part in parts:
        assert part in said


ASKED = {
    "engine": ["animate", "speech.wav", "-o", "a.csv", "--engine", "odd"],
    "voice": ["say", "Hello.", "-o", "a.csv", "--voice", "odd"],
    "source": ["live", "--no-page", "--input", "odd:x"],
    "sink": ["live", "--no-page", "--demo", "--out", "odd:x"],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("odd_two:load", "of odd 2.0 does not load (No module named 'odd_two')"),
        ("odd_one:load", "of odd 2.0 does not load (module 'odd_one' has no attribute 'load')"),
        ("odd_one:number", "of odd 2.0 is a value of type 'int', not a function"),
        ("odd_one:nothing", "of odd 2.0 gives a value of type 'NoneType', which has no "),
        ("odd_one:none", "of odd 2.0 is made by a function that does not take one request"),
    ],
)
def test_what_is_broken_is_one_sentence(
    kind: str, target: str, why: str, tmp_path: Path, clip: Path
) -> None:
    add(tmp_path, kind, "odd", target)
    one_sentence(facewire(tmp_path, *ASKED[kind]), f"the {kind} 'odd' {why}")


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("engine", "phones", ["animate", "speech.wav", "-o", "a.csv"]),
        ("voice", "espeak", ["say", "Hello.", "--voice", "espeak", "-o", "a.csv"]),
        ("voice", "hibari", ["say", "Hello.", "-o", "a.csv"]),
        ("source", "File", ["live", "--no-page", "--input", "speech.wav"]),
        ("sink", "osc", ["live", "--no-page", "--demo", "--out", "osc://127.0.0.1:9000"]),
        ("sink", ".csv", ["animate", "speech.wav", "-o", "a.csv"]),
    ],
)
def test_a_name_that_exists_is_refused(
    kind: str, name: str, words: list[str], tmp_path: Path, clip: Path
) -> None:
    add(tmp_path, kind, name, "odd_one:nothing")
    one_sentence(facewire(tmp_path, *words), "odd 2.0", "facewire 0", "both add", "uninstall one")


@pytest.mark.parametrize("name", ["ws", ".wav"])
def test_a_name_that_is_no_entry_point_of_ours_is_refused_too(
    name: str, tmp_path: Path, clip: Path
) -> None:
    add(tmp_path, "sink", name, "odd_one:nothing")
    result = facewire(tmp_path, "animate", "speech.wav", "-o", "a.csv")
    one_sentence(result, f"the sink '{name}' of odd 2.0 has a name that Facewire itself uses")


def test_what_nobody_asks_for_does_no_harm(tmp_path: Path, clip: Path) -> None:
    for number, kind in enumerate(KINDS):
        add(tmp_path, kind, "odd", "odd_two:load", package=f"odd{number}")
    result = facewire(tmp_path, "animate", "speech.wav", "-o", "a.csv")
    assert result.returncode == 0, result.stderr


def test_ours_are_declared_as_others_are() -> None:
    """What is installed is what `pyproject.toml` says; if not, install it again."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    for kind in KINDS:
        ours = [plugin for plugin in plugins(kind) if plugin.is_ours]
        assert {plugin.name for plugin in ours} == set(declared[f"facewire.{kind}s"])
        assert all(callable(plugin.load()) for plugin in ours)
