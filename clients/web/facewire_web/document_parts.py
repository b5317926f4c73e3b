"""Modules, weights and data inside an HTML document that no server stands behind."""

import base64
import json
import posixpath
import re
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_IMPORT = re.compile(r'from "(\.[\w./]+)"')


def modules_as_urls(names: Sequence[str]) -> dict[str, str]:
    """Return modules, and all that they import, as data URLs by `facewire/NAME`: an import map.

    Raises:
        OSError: a module is missing.
    """
    sources = _with_imports(resources.files("facewire_web"), names)
    urls = {}
    for name, source in sources.items():
        urls[f"facewire/{name}"] = data_url("text/javascript", _mapped(name, source).encode())
    return urls


def data_url(kind: str, content: bytes) -> str:
    """Return an address that holds what it leads to; `kind` is its MIME type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def packed_weights(weights: NDArray[np.floating]) -> str:
    """Return weights [T, 52] as a byte each, 255 for 1, in base64."""
    shares = np.round(np.clip(weights, 0, 1) * 255).astype(np.uint8)
    return base64.b64encode(shares.tobytes()).decode()


def json_in_script(data: Any) -> str:
    """Return JSON that cannot end the `script` element that it stands in."""
    return json.dumps(data).replace("<", "\\u003c")


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
