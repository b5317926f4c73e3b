"""The page's JavaScript modules inside a document that no server stands behind."""

import base64
import posixpath
import re
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable

_IMPORT = re.compile(r'from "(\.[\w./]+)"')


def modules_as_urls(names: Sequence[str]) -> dict[str, str]:
    """Return modules, and all that they import, as data URLs by `facewire/NAME`: an import map.

    Raises:
        OSError: a module is missing.
    """
    sources = _with_imports(resources.files("facewire_web"), names)
    urls = {}
    for name, source in sources.items():
        encoded = base64.b64encode(_mapped(name, source).encode()).decode()
        urls[f"facewire/{name}"] = f"data:text/javascript;base64,{encoded}"
    return urls


def _with_imports(folder: Traversable, names: Sequence[str]) -> dict[str, str]:
    """Return the text of modules and of all that they import, by name."""
    sources: dict[str, str] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        if name not in sources:
            sources[name] = folder.joinpath(*name.split("/")).read_text(encoding="utf-8")
            wanted += [_beside(name, found) for found in _IMPORT.findall(sources[name])]
    return sources


def _mapped(name: str, source: str) -> str:
    return _IMPORT.sub(lambda match: f'from "facewire/{_beside(name, match[1])}"', source)


def _beside(name: str, relative: str) -> str:
    """Return what a module of the package means by an address such as "../client/pose.js"."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), relative))
