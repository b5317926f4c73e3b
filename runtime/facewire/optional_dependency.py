"""Libraries that only some users need: imported when they are wanted, or else one sentence.

The sentence names the libraries themselves, as the package's own metadata lists them, so that its
command works in a checkout, beside a wheel, and from an index alike.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires
from types import ModuleType

from facewire.errors import BrokenPackageError, ConfigError, FacewireError


def import_optional(
    module: str,
    need: str,
    extra: str = "",
    *,
    command: str = "",
    hint: str = "",
    error: type[FacewireError] = ConfigError,
) -> ModuleType:
    """Import a module that needs what the core does not install.

    Args:
        module: its full name.
        need: who needs what, such as "the microphone needs sounddevice".
        extra: which of the package's extras brings it, if one does.
        command: otherwise, what installs it.
        hint: what else can be done instead of installing it, if anything.
        error: what to raise.

    Raises:
        FacewireError: it is missing, or does not load here; of the class `error`.
        BrokenPackageError: it is there, and does not load, if that class is `ConfigError`.
    """
    try:
        return import_module(module)
    except Exception as problem:  # libraries of other versions fail with all kinds of errors
        raise_what_ended(problem)
        why = "" if _is_missing(problem, module) else f", which does not load ({_first(problem)})"
        or_else = f", or {hint}" if hint else ""
        install = command or install_command(extra)
        if why and error is ConfigError:
            error = BrokenPackageError
        raise error(f"{need}{why}; install it with: {install}{or_else}") from problem


def raise_what_ended(problem: BaseException) -> None:
    """Raise the signal that ended the program while a library loaded, if that is the problem.

    Extensions that are made with pybind11 tell it as an ImportError, "initialization failed".
    """
    cause = problem.__cause__ or problem.__context__
    while cause is not None:
        if not isinstance(cause, Exception):
            raise cause
        cause = cause.__cause__ or cause.__context__


def install_command(extra: str) -> str:
    """Return the command that installs what an extra lists, as `pip` takes it."""
    try:
        listed = requires("facewire") or []
    except PackageNotFoundError:
        listed = []
    wanted = [
        name.strip()
        for name, _, marker in (line.partition(";") for line in listed)
        if f"extra == '{extra}'" in marker.replace('"', "'")
    ]
    if not wanted:
        return f'pip install -e ".[{extra}]"'
    return " ".join(["pip install", *(f'"{name}"' for name in wanted)])


def _is_missing(problem: Exception, module: str) -> bool:
    name = problem.name if isinstance(problem, ModuleNotFoundError) else None
    return name is not None and name.partition(".")[0] == module.partition(".")[0]


def _first(problem: Exception) -> str:
    return (str(problem).strip() or type(problem).__name__).splitlines()[0]
