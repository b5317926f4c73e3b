"""What the core does not install: imported when it is wanted, or one sentence with what to do."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from facewire.errors import EngineError
from facewire.optional_dependency import import_optional, install_command

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_command_names_the_libraries_of_an_extra(extra: str) -> None:
    assert shlex.split(install_command(extra))[:2] == ["pip", "install"]
    # An installer writes the versions of one library in an order of its own.
    named = {Requirement(name) for name in shlex.split(install_command(extra))[2:]}
    assert named == {Requirement(name.replace("_", "-")) for name in EXTRAS[extra]}


def test_what_is_there_is_imported() -> None:
    assert import_optional("shlex", "this needs shlex", "mic") is shlex


def test_what_is_missing_is_one_sentence() -> None:
    with pytest.raises(EngineError) as caught:
        import_optional(
            "no_such_thing.part", "this needs a thing", "mic", hint="do without", error=EngineError
        )
    assert str(caught.value) == (
        'this needs a thing; install it with: pip install "sounddevice>=0.5", or do without'
    )


@pytest.mark.parametrize(
    "failing",
    [
        "raise OSError('libtorchaudio.so: undefined symbol')",
        "raise RuntimeError('operator torchvision::nms does not exist\\nmore')",
        "import a_library_that_it_needs",
        "raise AttributeError",
    ],
)
def test_what_does_not_load_says_why(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"broken_{abs(hash(failing))}"
    (tmp_path / f"{name}.py").write_text(failing)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineError) as caught:
        import_optional(name, "this needs it", "torch", error=EngineError)
    assert re.fullmatch(
        r"this needs it, which does not load \(.+\); install it with: pip install .*",
        str(caught.value),
    )


def test_no_sentence_names_the_package_on_an_index() -> None:
    """It is on none: a checkout is installed by its path, and plain libraries from anywhere."""
    for folder in ("runtime", "engines", "training", "clients", "benchmarks", "docs", "README.md"):
        for path in (ROOT / folder).rglob("*") if "." not in folder else [ROOT / folder]:
            if path.suffix not in {".py", ".md", ".js", ".html"} or "node_modules" in path.parts:
                continue
            assert not re.search(r"pip install ['\"]?facewire\b", path.read_text()), path


BROKEN = """
import pathlib, sys
folder = pathlib.Path(sys.argv.pop(1))
for name in sys.argv.pop(1).split(","):
    (folder / (name + ".py")).write_text("raise OSError('undefined symbol: ' + __name__)")
sys.path.insert(0, str(folder))
from facewire_cli.__main__ import main
sys.argv[0] = "facewire"
main()
"""


@pytest.mark.parametrize(
    ("broken", "command"),
    [
        ("sounddevice", ("devices",)),
        ("sounddevice", ("live",)),
        ("torch", ("animate", "in.wav", "-o", "a.csv", "--backend", "torch")),
        ("onnx", ("animate", "in.wav", "-o", "a.csv", "--backend", "onnx:int8")),
        ("tensorrt_rtx,tensorrt", ("engine", "build")),
        ("scipy", ("bench", "quality", "--data", ".")),
        ("matplotlib", ("bench", "quality", "--data", ".", "--plot", "a.png")),
        ("matplotlib", ("bench", "throughput", "--plot", "a.png")),
        ("httpx", ("models", "pull", "hubert")),
        ("filelock", ("models", "pull", "hubert")),
    ],
)
def test_a_library_that_does_not_load_ends_a_command_in_one_sentence(
    broken: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    clip = ROOT / "runtime" / "facewire" / "assets" / "demo.flac"
    words = [str(clip) if word == "in.wav" else word for word in command]
    store = ["--store", str(tmp_path)] if command[0] == "models" else []
    result = subprocess.run(
        [sys.executable, "-c", BROKEN, str(tmp_path), broken, *words, *store],
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert result.returncode in (1, 2), result.stderr
    lines = result.stderr.splitlines()
    said = [line for line in lines if line and not line.startswith(("back-end ", "the face is at"))]
    assert len(said) == 1, result.stderr
    assert said[0].startswith("facewire: ")
    assert "install" in said[0]


def test_a_signal_while_a_library_loads_is_no_missing_library(tmp_path: Path) -> None:
    """Extensions made with pybind11 wrap it."""
    (tmp_path / "wrapping_extension.py").write_text(
        "try:\n    raise SystemExit(130)\n"
        "except SystemExit as signal:\n    raise ImportError('initialization failed') from signal\n"
    )
    program = (
        "from facewire.optional_dependency import import_optional\n"
        "import_optional('wrapping_extension', 'the test needs it', 'mic')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True)
    assert done.returncode == 130
