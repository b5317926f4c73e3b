"""The reader of the package hibari-tts (Apache-2.0): from English to letters of misaki.

Its dictionaries are parsed a little at a time here. The package has json parse each of them whole:
in that one call of up to 0.2 s no other thread of the process gets the interpreter, so the faces of
everybody who is served would come late.
"""

import gzip
import json
import re
from importlib.metadata import PackageNotFoundError, version
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed lacks it
from pathlib import Path
from typing import Any

VERSION = "0.2.1"
"""The version whose reader was looked into; that of another is made as the package does."""
WINDOW = 1 << 16
"""Characters that are parsed in one call, which takes about a millisecond."""

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PLAIN = r'[^"{}\[\]]'
"""What stands between strings, where nothing is nested."""
_VALUE = rf'(?:{_STRING}|[{{\[]{_PLAIN}*+(?:{_STRING}{_PLAIN}*+)*+[}}\]]|[^"{{}}\[\],\s]++)'
_ENTRIES = re.compile(rf"(?:\s*+{_STRING}\s*+:\s*+{_VALUE}\s*+,)++")
"""Entries of an object whose values nest nothing twice, each with the comma behind it."""
_KEY = re.compile(r'\s*+"')
_COLON = re.compile(r"\s*+:\s*+")
_NEXT = re.compile(r"\s*+([,}])")

_scan: Any = json.JSONDecoder().raw_decode


def installed_version() -> str:
    """Return which version is installed, in words if nobody knows."""
    try:
        return version("hibari-tts")
    except PackageNotFoundError:
        return "an unknown version"


def load_reader(*, british: bool) -> Any:
    """Return what the package's class `G2P` makes, for one thread at a time.

    Raises:
        OSError, ValueError, LookupError: a file of the package is missing or damaged.
    """
    # Imported where the package is known to be there: it is an extra.
    from hibari import g2p as parts

    if installed_version() != VERSION:
        return parts.G2P(british=british)
    assets = Path(parts.ASSETS)
    accent = "gb" if british else "us"
    gold, silver = (_load(assets / f"lexicon_{accent}_{x}.json.gz") for x in ("gold", "silver"))
    reader: Any = parts.G2P.__new__(parts.G2P)
    reader.lexicon = parts.Lexicon(gold, silver, british)
    reader.tokenizer = parts.Tokenizer(_load(assets / "tokenizer_exceptions.json"))
    reader.tagger = parts.Tagger(_load(assets / "tagger.json.gz"))
    reader._oov, reader.unk, reader.british = None, "", british
    return reader


def parse_object(text: str) -> dict[str, Any]:
    """Return what `json.loads` does of an object, in calls of about a millisecond each.

    Only an array is parsed whole, however long it is.

    Raises:
        ValueError: it is no JSON object.
    """
    at = len(text) - len(text.lstrip())
    if text[at : at + 1] != "{":
        raise ValueError("there is no JSON object")
    found, at = _object(text, at)
    if text[at:].strip():
        raise ValueError(f"there is more behind the JSON object, at character {at}")
    return found


def _load(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return parse_object((gzip.decompress(content) if path.suffix == ".gz" else content).decode())


def _object(text: str, at: int) -> tuple[dict[str, Any], int]:
    """Parse the object that begins at a character; return it and where it has ended."""
    found: dict[str, Any] = {}
    at += 1
    if _NEXT.match(text, at) and text[at:].lstrip()[0] == "}":
        return found, text.index("}", at) + 1
    while True:
        while entries := _ENTRIES.match(text, at, at + WINDOW):
            found |= json.loads(f"{{{entries[0][:-1]}}}")
            at = entries.end()
        key, at = _key(text, at)
        found[key], at = _object(text, at) if text[at : at + 1] == "{" else _scan(text, at)
        after = _NEXT.match(text, at)
        if after is None:
            raise ValueError(f"a comma or a brace is missing at character {at}")
        at = after.end()
        if after[1] == "}":
            return found, at


def _key(text: str, at: int) -> tuple[str, int]:
    """Parse a key; return it and where its value begins."""
    quote = _KEY.match(text, at)
    if quote is None:
        raise ValueError(f"a key is missing at character {at}")
    key: str
    key, end = scanstring(text, quote.end())
    colon = _COLON.match(text, end)
    if colon is None:
        raise ValueError(f"a colon is missing at character {end}")
    return key, colon.end()
