"""The client as a distribution of its own: it imports what it brings, and nothing heavy."""

import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads(
    (Path(__file__).parents[3] / "clients" / "python" / "pyproject.toml").read_text()
)
MAIN = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())

IMPORTED = """
import sys

class OnlyWhatIsNeeded:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in sys.argv:
            raise ImportError(f"{name} is not installed with the client")

sys.meta_path.insert(0, OnlyWhatIsNeeded())
import facewire_client
print(*(name for name in sys.modules if name.partition(".")[0] == "facewire"))
"""


def names_of(dependencies: list[str]) -> list[str]:
    return [dependency.partition(">")[0] for dependency in dependencies]


def test_the_client_imports_what_is_taken_from_the_runtime_and_its_dependencies() -> None:
    allowed = ["facewire", "facewire_client", *names_of(PROJECT["project"]["dependencies"])]
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *allowed], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    shared = PROJECT["tool"]["hatch"]["build"]["hooks"]["custom"]["shared"]
    taken = {path.removesuffix(".py").removesuffix("/__init__") for path in shared}
    imported = {name.partition("facewire.")[2].replace(".", "/") for name in done.stdout.split()}
    of_wire = {name for name in imported if name.startswith("wire/")}
    assert imported - of_wire == (taken - {"py.typed", "__init__"}) | {""}


def test_both_distributions_ask_for_the_same_versions() -> None:
    ours = PROJECT["project"]
    assert set(ours["dependencies"]) < set(MAIN["project"]["dependencies"])
    assert ours["requires-python"] == MAIN["project"]["requires-python"]
