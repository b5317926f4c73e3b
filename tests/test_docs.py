"""Every command that the docs show is run, or at least every word of it is checked."""

import json
import os
import pkgutil
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from facewire.errors import ConfigError
from facewire.realtime import FaceEvent
from facewire.sources.sound_devices import list_input_devices
from facewire_training.evaluation.listening.answers_file import write_answers
from facewire_training.evaluation.listening.simulated import Truth, simulate
from facewire_training.evaluation.listening.study import read_study

ROOT = Path(__file__).parents[1]
DOCS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "training/**/README.md", "clients/*/README.md")
    for path in ROOT.glob(pattern)
    if "node_modules" not in path.parts
)
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    found: dict[str, None] = {}
    for path in DOCS:
        if path.name == "extending.md":  # see tests/runtime/test_plugins.py
            continue
        for block in FENCE.findall(path.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.split(" #")[0].strip().removeprefix(".venv/bin/")
                if command:
                    found[command] = None
    return list(found)


def of(*starts: str) -> list[str]:
    return [command for command in commands() if command.startswith(starts)]


LISTENING = [c for c in of("facewire live") if "--demo" not in c and "--input" not in c]
WATCHED = [c for c in of("facewire say") if not {"-o", "--out", "--no-page"} & {*c.split()}]
SERVING = of("facewire serve", "facewire realtime", "facewire bench listen serve") + WATCHED
FINISHING = [c for c in of("facewire ") if c not in LISTENING + SERVING]
TRAINING = of("python -m facewire_training.")
RECORDED = (
    "facewire bench listen make --audio sentences --recordings captured=faces/captured "
    "--recordings ours=faces/ours --reference captured"
)
EVENTS = {str(kind.__struct_config__.tag) for kind in FaceEvent.__subclasses__()}
"""What is added to a realtime session, which is no module."""
CHECKED_ELSEWHERE = (
    "make ", "pip install ", "cd ", "git clone ", "arecord ", "export ", "apt ",
    "python clients/agents/examples/",
)  # fmt: skip
"""See the tests below; `arecord` needs a sound card, and its other half is run with a pipe. Agents
need frameworks (tests/clients/agents/inside/test_examples.py)."""


def environment() -> dict[str, str]:
    """Put the installed `facewire` first on the path, and make pictures of terminals wide."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the docs' commands run: their recordings and files are there."""
    with resources.as_file(resources.files("facewire") / "assets" / "demo.flac") as clip:
        samples, rate = soundfile.read(clip, dtype="float32")
    short = samples[: 2 * rate]
    for name in ("speech.wav", "speech.flac", "speech.ogg"):
        soundfile.write(tmp_path / name, short, rate)
    (tmp_path / "speech.pcm").write_bytes((short * 32767).astype(np.int16).tobytes())
    (tmp_path / "letter.txt").write_text("My dear friend, it has been a while. Be well.")
    (tmp_path / "signs.tsv").write_text("HAUS\t0.5\t1.1\tHaus\nICH\t1.2\t1.5\t\n")
    phones = "0.0 0.3 sil\n0.3 0.4 m\n0.4 0.6 aa\n0.6 0.8 p\n"
    for speaker, name in (("ann", "one"), ("bob", "two")):
        (tmp_path / "DATA" / speaker).mkdir(parents=True)
        soundfile.write(tmp_path / "DATA" / speaker / f"{name}.wav", short, rate)
        (tmp_path / "DATA" / speaker / f"{name}.lab").write_text(phones)
    (tmp_path / "hubert-base-ls960").mkdir()
    for name in ("config.json", "pytorch_model.bin"):
        (tmp_path / "hubert-base-ls960" / name).write_bytes(b"{}")
    head = {
        "engine": "phones",
        "names": [],
        "frame_rate": [60, 1],
        "sample_rate": 1,
        "lookahead": 0,
    }
    (tmp_path / "take.npz.part").write_bytes(json.dumps(head).encode() + b"\n" + bytes(1_000))
    moves = [f"{frame / 30},{frame % 2},0,0,0" for frame in range(30)]
    names = "time_s,jawOpen,mouthClose,mouthFunnel,mouthPucker"
    (tmp_path / "take.csv").write_text("\n".join([names, *moves]))
    (tmp_path / "sentences").mkdir()
    for name in ("one", "two"):
        soundfile.write(tmp_path / "sentences" / f"{name}.wav", short, rate)
        for system in ("captured", "ours"):
            (tmp_path / "faces" / system).mkdir(parents=True, exist_ok=True)
            rows = [f"{frame / 60},{frame % 2},0,0,0" for frame in range(120)]
            path = tmp_path / "faces" / system / f"{name}.csv"
            path.write_text("\n".join([names, *rows]))
    (tmp_path / "profile.toml").write_text("lower_face_strength = 1.1\n")
    (tmp_path / "settings.toml").write_text("[stream]\nlookahead_ms = 40\n")
    return tmp_path


def interrupt_when_ready(command: str, folder: Path, variables: dict[str, str]) -> tuple[int, str]:
    """Start a command that runs until Ctrl-C, press it once it is up, and return how it ended."""
    process = subprocess.Popen(
        shlex.split(command), cwd=folder, env=variables, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if "http://" in line or "ws://" in line:
            process.send_signal(signal.SIGINT)
            break
    seen += process.communicate(timeout=60)[1] or ""
    return process.returncode, seen


def rate_what_it_names(command: str, folder: Path) -> None:
    """Make and rate the study that a command serves or analyses."""
    if not command.startswith(("facewire bench listen serve", "facewire bench listen analyse")):
        return
    pytest.importorskip("statsmodels", reason="install it: pip install -e '.[quality]'")
    study = folder / shlex.split(command)[4]
    make = f"{RECORDED} --out {shlex.quote(str(study))}"
    subprocess.run(make, shell=True, cwd=folder, env=environment(), check=True)
    truth = Truth({"captured": 5.0, "ours": 1.0, "anchor": -1.0}, {"captured": 60.0})
    write_answers(study, *simulate(read_study(study), truth, raters=4, seed=0))


def skip_without_what_it_needs(command: str) -> None:
    if command.startswith("facewire engine build"):
        pytest.importorskip("tensorrt_rtx", reason="install it: pip install -e '.[tensorrt-rtx]'")
    if "--a2f" in command:
        pytest.importorskip("grpc", reason="install grpcio: pip install -e '.[a2f]'")
    if ":int8" in command:
        pytest.importorskip("onnx", reason="install it: pip install -e '.[tensorrt-rtx]'")
    if command.startswith("facewire devices"):
        try:
            list_input_devices()
        except ConfigError as error:
            pytest.skip(str(error))


@pytest.mark.parametrize("command", FINISHING)
def test_a_command_that_ends_ends_well(command: str, folder: Path) -> None:
    skip_without_what_it_needs(command)
    rate_what_it_names(command, folder)
    result = subprocess.run(
        command, shell=True, cwd=folder, env=environment() | {"XDG_CACHE_HOME": str(folder)},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", SERVING)
def test_a_command_that_serves_ends_with_ctrl_c(command: str, folder: Path) -> None:
    skip_without_what_it_needs(command)
    rate_what_it_names(command, folder)
    status, seen = interrupt_when_ready(command, folder, environment())
    assert status == 128 + signal.SIGINT, seen


@pytest.mark.parametrize("command", LISTENING)
def test_a_command_that_listens_ends_with_ctrl_c(
    command: str, folder: Path, virtual_microphone: Any
) -> None:
    variables = {**virtual_microphone.env, "PATH": environment()["PATH"]}
    present = re.sub(r"--device \S+", f"--device {virtual_microphone.device}", command)
    present = re.sub(r"--delay-audio \S+", f"--delay-audio {virtual_microphone.device}", present)
    status, seen = interrupt_when_ready(present, folder, variables)
    assert status == 128 + signal.SIGINT, seen


@cache
def help_of(module: str) -> str:
    """What a training module says of its options; the docs name some many times."""
    result = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("command", TRAINING)
def test_a_training_command_has_only_options_that_exist(command: str) -> None:
    pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
    _, _, module, *words = shlex.split(command)
    said = help_of(module)
    for word in words:
        if word.startswith("--"):
            assert word in said


def test_the_first_program_of_the_client_prints_a_line_for_each_frame(folder: Path) -> None:
    page = (ROOT / "clients" / "python" / "README.md").read_text()
    program = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    server = subprocess.Popen(
        ["facewire", "serve"], env=environment(), stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    try:
        assert any("http://127.0.0.1:8765/" in line for line in server.stderr)
        result = subprocess.run(
            [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60
        )
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 120


def test_make_targets_are_run_by_ci() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    for command in of("make "):
        assert command in script


def test_extras_that_the_docs_install_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for command in of("pip install "):
        for extras in re.findall(r"(?:facewire|\.)\[([a-z,]+)\]", command):
            assert set(extras.split(",")) <= set(project["optional-dependencies"])


def test_no_command_is_left_out() -> None:
    checked = FINISHING + SERVING + LISTENING + TRAINING
    left = [c for c in commands() if c not in checked and not c.startswith(CHECKED_ELSEWHERE)]
    assert not left


def test_files_and_modules_that_the_docs_name_exist() -> None:
    folders = "runtime|engines|training|clients|tests|benchmarks|docs"
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    for path in DOCS:
        text = path.read_text(encoding="utf-8")
        for file in re.findall(rf"(?<![\w/.])((?:{folders})/[\w./-]+\.\w+)(?![\w/])", text):
            assert (ROOT / file).exists() or file != file.lower(), f"{path.name}: {file}"
        for name in re.findall(
            r"`(facewire(?:_(?:cli|engines|training|client|web))?(?:\.\w+)+)`", text
        ):
            assert name in groups or name in EVENTS or pkgutil.resolve_name(name)


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


def test_links_between_docs_lead_somewhere() -> None:
    for path in DOCS:
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            file, _, heading = target.partition("#")
            if "://" not in target:
                page = path.parent / file if file else path
                assert page.exists(), f"{path.name}: {target}"
                assert not heading or heading in anchors(page), f"{path.name}: {target}"


def test_the_programs_of_the_page_on_python_run(folder: Path) -> None:
    page = (ROOT / "docs" / "python.md").read_text()
    for program in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        result = subprocess.run(
            [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, result.stderr
        assert len(result.stdout.splitlines()) >= 50
