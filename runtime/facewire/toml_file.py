"""TOML files into frozen structs, where every mistake is one sentence about one key."""

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

import msgspec

from facewire.errors import ConfigError

T = TypeVar("T", bound=msgspec.Struct)

_PLACE = re.compile(r"^(?P<problem>.*) - at `(?P<path>.*)`$", re.DOTALL)

_CODE = re.compile(r"`([^`]*)`")

_WORDS = {
    "array": "list",
    "bool": "true or false",
    "float": "number",
    "int": "whole number",
    "object": "table",
    "str": "text",
}
"""What a reader of TOML calls the types of msgspec's messages."""


_ALIKE = 0.7
"""Of the letters of a name and of what may have been meant, how many have to be the same."""
_SHORTEST = 3
"""Letters of a name below which all names look alike."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that looks most like `name`, or an empty string."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=_ALIKE)
    return by_lower[found[0]] if found and len(name) >= _SHORTEST else ""


def hint(name: str, known: Iterable[str]) -> str:
    """Return the half sentence that helps someone who wrote `name`."""
    choices = sorted(known)
    match = nearest(name, choices)
    return f"did you mean {match!r}?" if match else f"expected one of {', '.join(choices)}"


def load_toml(path: Path, kind: type[T]) -> T:
    """Read a TOML file as a struct; keys that it does not have are refused.

    Raises:
        ConfigError: the file is missing or not TOML, or a key or a value is wrong.
    """
    table = _read(path)
    for problem in (*_unknown_keys(table, kind, "", kind), *_no_numbers(table, "")):
        raise ConfigError(f"{path}: {problem}")
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_explain(str(error))}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; check the path") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not a text file in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _unknown_keys(
    table: dict[str, Any], kind: type[msgspec.Struct], where: str, whole: type[msgspec.Struct]
) -> Iterator[str]:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        if key not in fields:
            place = f" in [{where}]" if where else ""
            home = next((name for name, inner in _tables(whole) if _has(inner, key)), "")
            known = f"{key!r} belongs into [{home}]; write that line above it"
            yield known if home else f"unknown key {key!r}{place}; {hint(key, fields)}"
            continue
        inner = fields[key]
        if _is_table(inner) and isinstance(value, dict):
            yield from _unknown_keys(value, inner, f"{where}.{key}" if where else key, whole)


def _no_numbers(table: dict[str, Any], where: str) -> Iterator[str]:
    """TOML has nan and inf, and no key here has a use for them."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _no_numbers(value, f"{where}{key}.")
        elif isinstance(value, float) and not math.isfinite(value):
            yield f"{where}{key}: {value} is out of range; give a finite number"


def _tables(kind: type[msgspec.Struct]) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    for field in msgspec.structs.fields(kind):
        if _is_table(field.type):
            yield field.encode_name, field.type


def _has(kind: type[msgspec.Struct], key: str) -> bool:
    return key in {field.encode_name for field in msgspec.structs.fields(kind)}


def _is_table(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _explain(message: str) -> str:
    """Put the key first, and the types in words."""
    match = _PLACE.match(message)
    if match is None:
        return message
    key = match["path"].removeprefix("$").removeprefix(".").removesuffix("[...]")
    problem = _CODE.sub(lambda code: _in_words(code[1]), match["problem"])
    return f"{key}: {problem[:1].lower()}{problem[1:]}" if key else problem


def _in_words(kind: str) -> str:
    return re.sub(r"[a-z]+", lambda word: _WORDS.get(word[0], word[0]), kind)
