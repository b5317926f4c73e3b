"""The frameworks that agents are built with: which versions of them this package was made for."""

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from facewire.errors import ConfigError
from facewire.optional_dependency import install_command


@dataclass(frozen=True, slots=True)
class Framework:
    """A package that an agent is built with."""

    name: str
    """What people call it."""
    package: str
    """What pip calls it."""
    extra: str
    """Of ours, that installs it."""
    since: tuple[int, int]
    """The first version that works."""
    before: tuple[int, int]
    """The first one that is not known to."""


PIPECAT = Framework("Pipecat", "pipecat-ai", "pipecat", (1, 13), (2, 0))
LIVEKIT = Framework("LiveKit Agents", "livekit-agents", "livekit", (1, 8), (2, 0))


def import_with(framework: Framework, module: str) -> ModuleType:
    """Import a module of ours that is built on a framework.

    Raises:
        ConfigError: the framework is not installed, is of another version, or does not load.
    """
    check_version(framework)
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"{framework.package} {version(framework.package)} does not load ({error}); "
            f"{_supported(framework)}, install it with: {install_command(framework.extra)}"
        ) from error


def check_version(framework: Framework) -> None:
    """See whether a framework is there, in a version that works.

    Raises:
        ConfigError: it is not.
    """
    install = install_command(framework.extra)
    try:
        found = version(framework.package)
    except PackageNotFoundError:
        raise ConfigError(
            f"{framework.name} is not installed ({framework.package}); install it with: {install}"
        ) from None
    if not framework.since <= _numbers(found) < framework.before:
        raise ConfigError(
            f"{framework.package} {found} is not supported: {_supported(framework)}; "
            f"install one with: {install}"
        )


def _supported(framework: Framework) -> str:
    since, before = (".".join(map(str, part)) for part in (framework.since, framework.before))
    return f"versions from {since} to before {before} are"


def _numbers(text: str) -> tuple[int, int]:
    """Return the first two numbers of a version; what is none counts as 0."""
    parts = [*text.split("."), "0", "0"][:2]
    first, second = (int(part) if part.isdecimal() else 0 for part in parts)
    return first, second
