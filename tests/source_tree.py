"""The source as it lies there: its modules, what they import, and what stands in them."""

import ast
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "facewire": "runtime",
    "facewire_engines": "engines",
    "facewire_training": "training",
    "facewire_cli": "runtime",
    "facewire_client": "clients/python",
    "facewire_agents": "clients/agents",
    "facewire_web": "clients/web",
}
"""Our packages, and the folders that they lie in."""


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


def of(package: str) -> list[str]:
    return [module for module in modules() if package_of(module) == package]


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


def calls(module: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of a module, with what is called in words."""
    for node in ast.walk(tree(modules()[module])):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node
