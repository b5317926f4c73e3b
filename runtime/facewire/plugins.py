"""What packages add to Facewire, its own among them: found by entry points, loaded when asked for.

The groups are `facewire.engines`, `facewire.voices`, `facewire.sources` and `facewire.sinks`. An
entry point names a function that takes one request, such as an `EngineRequest`, and returns an
engine, a voice, a source or a sink: docs/extending.md has a whole package.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from facewire.errors import ConfigError, FacewireError
from facewire.foreign_code import exits_as_errors

KINDS = ("engine", "voice", "source", "sink")
_ASYNC = ("__aenter__", "__aexit__", "__aiter__")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One thing that a package adds."""

    kind: str
    """Of `KINDS`."""
    name: str
    entry: EntryPoint

    @property
    def package(self) -> str:
        """The package that adds it, with its version."""
        dist = self.entry.dist
        return f"{dist.name} {dist.version}" if dist else self.entry.module

    @property
    def is_ours(self) -> bool:
        """Whether it comes with Facewire."""
        return self.entry.dist is None or self.entry.dist.name == "facewire"

    def __str__(self) -> str:
        return f"the {self.kind} {self.name!r} of {self.package}"

    def load(self) -> Callable[[Any], Any]:
        """Import the function that makes it.

        Raises:
            ConfigError: it does not load, or is no function.
        """
        try:
            with exits_as_errors():
                loaded: object = self.entry.load()
        except FacewireError:
            raise
        except Exception as error:  # a stranger's module may fail with anything
            raise ConfigError(
                f"{self} does not load ({_first_line(error)}); repair that package, or uninstall it"
            ) from error
        if not callable(loaded):
            raise ConfigError(
                f"{self} is a value of type {type(loaded).__name__!r}, not a function that makes "
                f"one; docs/extending.md says how a package adds one"
            )
        return loaded

    def make(self, request: object, protocol: type) -> Any:
        """Make one, and see that it is what it should be.

        Args:
            request: what the function takes.
            protocol: what it returns.

        Raises:
            ConfigError: it does not load, or makes something else; or what it raises itself.
        """
        load = self.load()
        try:
            inspect.signature(load).bind(request)
        except TypeError as error:
            raise ConfigError(
                f"{self} is made by a function that does not take one request ({error}); "
                "docs/extending.md says how a package adds one"
            ) from error
        try:
            with exits_as_errors():
                made = load(request)
        except ImportError as error:
            raise ConfigError(
                f"{self} does not load ({_first_line(error)}); repair that package, or uninstall it"
            ) from error
        lacking = [name for name in _members(protocol) if not hasattr(made, name)]
        if lacking:
            raise ConfigError(
                f"{self} gives a value of type {type(made).__name__!r}, which has no "
                f"{', '.join(lacking)}; docs/extending.md says what {_a(self.kind)} has"
            )
        return made


def plugins(kind: str) -> list[Plugin]:
    """Return all that packages add of a kind, by name; nothing is loaded."""
    found = [plugin for same in _scan()[kind].values() for plugin in same]
    return sorted(found, key=lambda plugin: plugin.name)


def has_plugin(kind: str, name: str) -> bool:
    """Tell whether a package adds one of this name; capitals mean nothing."""
    return name.lower() in _scan()[kind]


def find_plugin(kind: str, name: str) -> Plugin:
    """Return the one that a package adds under a name.

    Raises:
        ConfigError: there is none, or there are several.
    """
    found = _scan()[kind].get(name.lower(), [])
    if len(found) == 1:
        return found[0]
    if found:
        packages = " and ".join(plugin.package for plugin in found)
        raise ConfigError(f"{packages} both add {_a(kind)} called {name!r}; uninstall one of them")
    names = sorted({plugin.name for plugin in plugins(kind)})
    if not names:
        raise ConfigError(f"no package adds {_a(kind)}, not even Facewire; install it again")
    raise ConfigError(f"there is no {kind} {name!r}; choose one of {', '.join(names)}")


@cache
def _scan() -> dict[str, dict[str, list[Plugin]]]:
    """Read the entry points of all installed packages, once: some milliseconds."""
    everything = entry_points()
    found: dict[str, dict[str, list[Plugin]]] = {kind: {} for kind in KINDS}
    for kind, by_name in found.items():
        for entry in everything.select(group=f"facewire.{kind}s"):
            by_name.setdefault(entry.name.lower(), []).append(Plugin(kind, entry.name, entry))
    return found


def _members(protocol: type) -> list[str]:
    """Return what a value needs to keep a protocol."""
    names = {*vars(protocol), *inspect.get_annotations(protocol)}
    return sorted(name for name in names if not name.startswith("_") or name in _ASYNC)


def _a(kind: str) -> str:
    return f"{'an' if kind == 'engine' else 'a'} {kind}"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
