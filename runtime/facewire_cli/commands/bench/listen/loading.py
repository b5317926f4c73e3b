"""The modules of the listening test, which the runtime does not need."""

from types import ModuleType

from facewire.optional_dependency import import_optional


def load(module: str) -> ModuleType:
    """Import a module of the listening test.

    Raises:
        ConfigError: a library is missing.
    """
    need = "facewire bench listen needs more than the runtime"
    return import_optional(f"facewire_training.evaluation.listening.{module}", need, "quality")
