"""Where plans and models are kept unless somebody says where: the user's cache."""

import os
import sys
from pathlib import Path

NOWHERE = Path("/nonexistent")
"""The home of users who have none: nothing can be read there, and writing fails with a reason."""


def user_cache() -> Path:
    """Return Facewire's folder in the user's cache, which may not exist yet.

    `XDG_CACHE_HOME` says where the cache is, on every system. A user without a home, as in many
    containers, has an empty cache.
    """
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else _system_cache()) / "facewire"


def _system_cache() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else _home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return _home() / "Library" / "Caches"
    return _home() / ".cache"


def _home() -> Path:
    try:
        home = Path.home()
    except RuntimeError:
        return NOWHERE
    return home if home.is_absolute() else NOWHERE
