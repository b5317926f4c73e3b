"""Who may import whom.

`python -m tests.test_imports` prints the arrows between folders; so does `pytest -s` on this file.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable

import pytest
from tests.source_tree import (
    PACKAGES,
    ROOT,
    folder_of,
    imports,
    modules,
    of,
    ours,
    package_of,
    strings,
)

BELOW = {
    "facewire": set[str](),
    "facewire_engines": {"facewire"},
    "facewire_training": {"facewire", "facewire_engines", "facewire_web"},
    "facewire_cli": {"facewire", "facewire_engines", "facewire_training"},
    "facewire_client": {"facewire"},
    "facewire_agents": {"facewire", "facewire_client"},
    "facewire_web": set[str](),
}
"""What each may import of the others."""

HALL = "hall"
ORDER = (
    HALL, "audio", "face", "stream", "wire", "settings", "speaking", "sources", "sinks",
    "recordings", "animator", "listening", "agents", "server", "realtime",
)  # fmt: skip
"""The folders of `facewire`, each of which may import those before it; the files that lie in
`facewire` itself are the hall."""

LIGHT = {"numpy", "msgspec", "websockets"}
"""All that the client may need besides Python."""


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


def test_no_files_import_each_other_in_a_circle() -> None:
    assert not circles({module: set(ours(module)) for module in modules()})


@pytest.mark.parametrize("package", PACKAGES)
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


if __name__ == "__main__":
    sys.stdout.write(f"{arrows()}\n")
