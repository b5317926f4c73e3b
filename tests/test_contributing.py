"""What a program can check of CONTRIBUTING's ten lines; `test_imports.py` has who imports whom."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

import pytest
from tests.source_tree import PACKAGES, ROOT, calls, modules, of, strings, tree

from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.tokens import TokenChunk

MOST_FILES = 15
"""Of source in one folder."""
PAGE = (".css", ".html", ".js", ".mjs", ".ts")
"""Endings of the web client's source."""
OWN_TIME = {
    "runtime/facewire/clock.py": "the clock itself",
    "runtime/facewire/report_file.py": "the date in a report",
    "runtime/facewire/server/sockets/*.py": "the event loop's own time: what it spent on whom",
    "clients/python/facewire_client/liveness.py": "the event loop's own time: when a byte came",
    "training/facewire_training/*": "dates of models, seconds in logs, the cost of a graph",
}
"""Files that read wall time, and why; faces never depend on it."""
TIME = {
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns",
    "process_time", "process_time_ns", "thread_time", "thread_time_ns", "now", "utcnow", "today",
}  # fmt: skip
CLOCKS = {"time", "datetime", "date", "loop"}
"""What such a function is called of."""


def test_only_the_clock_reads_wall_time() -> None:
    readers = {path for path in modules().values() if reads_time(path)}
    names = {str(path.relative_to(ROOT)) for path in readers}
    assert not {name for name in names if not any(fnmatch(name, known) for known in OWN_TIME)}
    unused = {known for known in OWN_TIME if not any(fnmatch(name, known) for name in names)}
    assert not unused


def reads_time(path: Path) -> bool:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            return True
        if isinstance(node, ast.Attribute) and node.attr in TIME:
            of = node.value.func if isinstance(node.value, ast.Call) else node.value
            name = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
            if name.removeprefix("get_running_") in CLOCKS:
                return True
    return False


IMPORT_ALL = """
import importlib, os, sys, threading
opened = []
def of_ours():
    # What others do when they are imported is theirs.
    frame = sys._getframe(2)
    while frame is not None and "site-packages" not in frame.f_code.co_filename:
        if frame.f_code.co_filename.startswith(sys.argv[1]):
            return True
        frame = frame.f_back
    return False
def hook(event, words):
    if not event.startswith(("socket.", "subprocess.", "os.", "open")) or not of_ours():
        return
    if event in ("socket.__new__", "subprocess.Popen", "os.mkdir", "os.remove", "os.fork"):
        opened.append((event, words))
    if event == "open" and isinstance(words[1], str) and set(words[1]) & set("wax+"):
        opened.append((event, words))
before = set(os.listdir("/proc/self/fd"))
sys.addaudithook(hook)
for name in sys.argv[2:]:
    importlib.import_module(name)
assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
assert set(os.listdir("/proc/self/fd")) == before, "a file is open"
assert not opened, opened
"""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only where /proc is")
@pytest.mark.parametrize(
    "package",
    ["facewire", "facewire_engines", "facewire_cli", "facewire_client", "facewire_training"],
)
def test_importing_starts_and_opens_nothing(package: str) -> None:
    if package == "facewire_training":
        pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
    names = [name for name in of(package) if not name.endswith("__main__")]
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALL, str(ROOT), *names],
        env=variables, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def test_no_folder_is_too_full() -> None:
    counts: dict[str, int] = defaultdict(int)
    page = [path for path in (ROOT / "clients" / "web").rglob("*") if path.suffix in PAGE]
    page = [path for path in page if "node_modules" not in path.parts]
    assert len(page) > 50
    for path in (*modules().values(), *page):
        if path.name != "__init__.py":
            counts[str(path.parent.relative_to(ROOT))] += 1
    wrong = {f: n for f, n in counts.items() if n > MOST_FILES}
    assert not wrong


def test_the_values_that_flow_are_frozen() -> None:
    for value in (AudioChunk, BlendshapeFrame, StreamSpec, TokenChunk):
        assert value.__dataclass_params__.frozen  # type: ignore[union-attr]


ALONE = {"facewire.realtime.proxy", "facewire.server.server"}
"""A task for each socket, which ends with it, beside the group of its stream."""


def test_tasks_are_in_groups_and_have_names() -> None:
    wrong = set()
    for module in of("facewire"):
        for called, call in calls(module):
            alone = called in ("asyncio.create_task", "asyncio.ensure_future", "loop.create_task")
            nameless = called.endswith(".create_task") and "name" not in {
                keyword.arg for keyword in call.keywords
            }
            if nameless or (alone and module not in ALONE):
                wrong.add(f"{module}: {ast.unparse(call)}")
    assert not wrong


def test_queues_are_bounded() -> None:
    """What waits is in a `Channel`, which says what happens when it is full."""
    queues = ("asyncio.Queue", "queue.Queue", "queue.SimpleQueue", "asyncio.PriorityQueue")
    wrong = {module for module in of("facewire") for called, _ in calls(module) if called in queues}
    assert not wrong


UNTESTED = {"energy", "workers"}
"""Folders of one file each, which the tests of all engines and of CosyVoice try."""


@pytest.mark.parametrize("package", ["facewire", "facewire_engines", "facewire_training"])
def test_tests_mirror_the_folders(package: str) -> None:
    folders = {module.split(".")[1] for module in of(package) if module.count(".") > 1}
    missing = {name for name in folders if not (ROOT / "tests" / PACKAGES[package] / name).is_dir()}
    assert missing <= UNTESTED


@pytest.mark.parametrize("script", [".ci/run", ".ci/bare", "Makefile", "CONTRIBUTING.md"])
def test_a_test_that_is_named_is_there(script: str) -> None:
    named = set(re.findall(r"tests/[\w/*]+[.]py", (ROOT / script).read_text("utf-8")))
    assert not [path for path in sorted(named) if not list(ROOT.glob(path))]


def test_every_engine_has_signed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    engines = project["entry-points"]["facewire.engines"]
    assert engines.keys() <= set(strings(ROOT / "tests" / "engines" / "test_streaming.py"))
