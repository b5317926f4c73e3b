"""Who may import whom, what importing does, and what else CONTRIBUTING's ten lines promise.

`python tests/test_imports.py` prints the arrows between folders; so does `pytest -s` on this file.
"""

import ast
import os
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.tokens import TokenChunk

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "facewire": "runtime",
    "facewire_engines": "engines",
    "facewire_training": "training",
    "facewire_cli": "runtime",
    "facewire_client": "clients/python",
    "facewire_web": "clients/web",
}
"""Our packages, and the folders that they lie in."""

BELOW = {
    "facewire": set[str](),
    "facewire_engines": {"facewire"},
    "facewire_training": {"facewire", "facewire_engines"},
    "facewire_cli": {"facewire", "facewire_engines", "facewire_training"},
    "facewire_client": {"facewire"},
    "facewire_web": set[str](),
}
"""What each may import of the others."""

HALL = "hall"
ORDER = (
    HALL, "audio", "face", "stream", "wire", "settings", "speaking", "sources", "sinks", "server",
)  # fmt: skip
"""The folders of `facewire`, each of which may import those before it; the files that lie in
`facewire` itself are the hall."""

LIGHT = {"numpy", "msgspec", "websockets"}
"""All that the client may need besides Python."""

MOST_FILES = 15
"""Of Python in one folder."""
FULLER = {"runtime/facewire/speaking": 19}
"""Folders that are still to be divided, and how full they are."""

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


@cache
def modules() -> Mapping[str, Path]:
    """Return every module of ours by its name."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in sorted((ROOT / folder / package).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(module: str) -> Set[str]:
    """Return what a module imports anywhere, in functions and for types too, ours and others'."""
    found = set()
    for node in ast.walk(tree(modules()[module])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules() else str(node.module) for name in names}
    return found - {module}


def ours(module: str) -> Set[str]:
    return {name for name in imports(module) if name in modules()}


def package_of(module: str) -> str:
    return module.partition(".")[0]


def folder_of(module: str) -> str:
    """Return the package that a module lies in, or that it is."""
    return module if modules()[module].name == "__init__.py" else module.rpartition(".")[0]


def arrows() -> str:
    """Return which folders import which, a line for each."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        found[folder_of(module)] |= {folder_of(other) for other in ours(module)}
    lines = [f"{one} -> {', '.join(sorted(found[one] - {one}))}" for one in sorted(found)]
    return "\n".join(line for line in lines if not line.endswith("> "))


def place(module: str) -> int:
    """Return where a module of `facewire` stands in `ORDER`."""
    parts = modules()[module].relative_to(ROOT / "runtime" / "facewire").parts
    return ORDER.index(parts[0] if len(parts) > 1 else HALL)


def of(package: str) -> list[str]:
    return [module for module in modules() if package_of(module) == package]


def test_the_arrows_are_printed() -> None:
    sys.stdout.write(f"\n{arrows()}\n")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_one_above_it(package: str) -> None:
    wrong = {
        f"{module} imports {other}"
        for module in of(package)
        for other in imports(module)
        if package_of(other) in PACKAGES.keys() - BELOW[package] - {package}
    }
    assert not wrong


def test_no_folder_of_the_library_imports_one_after_it() -> None:
    wrong = {
        f"{module} imports {other}"
        for module in of("facewire")
        for other in ours(module)
        if package_of(other) == "facewire" and place(other) > place(module)
    }
    assert not wrong


def test_the_library_names_nobody_above_it() -> None:
    """Not even as a string; but it says where the page's files are."""
    others = PACKAGES.keys() - {"facewire"}
    wrong = {
        f"{module}: {text}"
        for module in of("facewire")
        for text in strings(modules()[module])
        if any(other in text for other in others) and text != "facewire_web"
    }
    assert not wrong


def strings(path: Path) -> Iterator[str]:
    """Yield the strings of a file that are no docstrings."""
    docs = {
        id(node.value)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_no_files_import_each_other_in_a_circle() -> None:
    assert not circles({module: set(ours(module)) for module in modules()})


@pytest.mark.parametrize("package", ["facewire", "facewire_engines", "facewire_cli"])
def test_no_folders_import_each_other_in_a_circle(package: str) -> None:
    """A file that lies in the package itself counts as a folder."""
    graph: dict[str, set[str]] = defaultdict(set)
    for module in of(package):
        first = ".".join(module.split(".")[:2])
        others = {".".join(name.split(".")[:2]) for name in ours(module) & set(of(package))}
        graph[first] |= others - {first}
    assert not circles(graph)


def circles(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return what is in a circle, or imports what is."""
    while leaves := {node for node, others in graph.items() if not others}:
        graph = {node: others - leaves for node, others in graph.items() if others}
    return graph


def test_the_client_needs_the_wire_and_nothing_heavy() -> None:
    wire = closure(module for module in modules() if module.startswith("facewire.wire."))
    client = closure(of("facewire_client"))
    assert {name for name in client if package_of(name) == "facewire"} <= wire
    others = {package_of(name) for module in client for name in imports(module)}
    assert others - sys.stdlib_module_names - PACKAGES.keys() <= LIGHT


def closure(start: Iterable[str]) -> set[str]:
    """Return modules and all that they import of ours, with the packages they lie in."""
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        parts = module.split(".")
        above = (".".join(parts[:count]) for count in range(1, len(parts)))
        waiting += [*ours(module), *(name for name in above if name in modules())]
    return found


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
    for path in modules().values():
        if path.name != "__init__.py":
            counts[str(path.parent.relative_to(ROOT))] += 1
    wrong = {f: n for f, n in counts.items() if n > FULLER.get(f, MOST_FILES)}
    assert not wrong


def test_the_values_that_flow_are_frozen() -> None:
    for value in (AudioChunk, BlendshapeFrame, StreamSpec, TokenChunk):
        assert value.__dataclass_params__.frozen  # type: ignore[union-attr]


def calls(module: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of a module, with what is called in words."""
    for node in ast.walk(tree(modules()[module])):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


ALONE = {"facewire.server.server"}
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


def test_every_engine_has_signed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    engines = project["entry-points"]["facewire.engines"]
    assert engines.keys() <= set(strings(ROOT / "tests" / "engines" / "test_streaming.py"))


if __name__ == "__main__":
    sys.stdout.write(f"{arrows()}\n")
