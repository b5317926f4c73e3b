"""Everything Facewire raises on purpose.

* FacewireError
    * ConfigError     an option, a file or a device is wrong; the user can fix it
        * CapacityError   everything that can be served at once is taken; try again later
        * BrokenPackageError  a library that only some users need is there, and does not load
    * WireError       the peer broke the protocol; its connection closes
    * EngineError     a model is missing, damaged, or does not fit its engine

Programming mistakes raise ValueError or fail an assert. Cancellation is never wrapped.
Messages are one sentence that says what is wrong and what to do.
"""

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


def first_of(error: BaseException, kind: type[E]) -> E | None:
    """Return the first failure of a kind in an error, or in what task groups have grouped it in."""
    if isinstance(error, BaseExceptionGroup):
        found = (first_of(one, kind) for one in error.exceptions)
        return next((one for one in found if one is not None), None)
    return error if isinstance(error, kind) else None


class FacewireError(Exception):
    """Base of everything raised on purpose."""


class ConfigError(FacewireError):
    """An option, a file or a device is wrong; the user can fix it (exit status 2)."""


class CapacityError(ConfigError):
    """Everything that can be served at once is taken; try again later."""


class BrokenPackageError(ConfigError):
    """A library that only some users need is there, and does not load."""


class WireError(FacewireError):
    """The peer broke the protocol; its connection closes."""


class EngineError(FacewireError):
    """A model is missing, damaged, or does not fit its engine (exit status 1)."""
