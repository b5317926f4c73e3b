"""What failed, out of the groups that task groups put it in."""

from typing import TypeVar

E = TypeVar("E", bound=Exception)


def first_of(error: BaseException, kind: type[E]) -> E | None:
    """Return the first failure of a kind in an error, or in what it groups."""
    if isinstance(error, BaseExceptionGroup):
        found = (first_of(one, kind) for one in error.exceptions)
        return next((one for one in found if one is not None), None)
    return error if isinstance(error, kind) else None
