"""Who of BEAT is for what: the official `train_test_split.csv`, with the columns id and type."""

import csv
from pathlib import Path

from facewire.errors import ConfigError

FILE = "train_test_split.csv"
TYPES = ("train", "val", "test", "additional")
"""What a recording can be for."""


def read_split(path: Path) -> dict[str, list[str]]:
    """Return the recordings of each type, in the order of the file.

    Raises:
        ConfigError: the file cannot be read, lacks a column, or says something impossible.
    """
    found: dict[str, list[str]] = {kind: [] for kind in TYPES}
    seen = set[str]()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [name for name in ("id", "type") if name not in (reader.fieldnames or ())]
            if missing:
                raise ConfigError(f"{path} has no column {missing[0]!r}; give BEAT2's own {FILE}")
            rows = [(row["id"].strip(), row["type"].strip()) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"cannot read {path}: {error}; give a language's folder") from error
    for name, kind in rows:
        if kind not in found:
            raise ConfigError(f"{path} has {name!r} for {kind!r}; it can be {', '.join(TYPES)}")
        if name in seen:
            raise ConfigError(f"{path} has {name!r} twice; who is held out must not be trained on")
        seen.add(name)
        found[kind].append(name)
    return found


def recordings(path: Path, kind: str) -> list[str]:
    """Return the recordings of a type.

    Raises:
        ConfigError: as of `read_split`, or there is none.
    """
    names = read_split(path)[kind]
    if not names:
        raise ConfigError(f"{path} has no recording of type {kind!r}")
    return names


def speaker_of(name: str) -> str:
    """Return the speaker of a recording such as `1_wayne_0_103_103`: its first number."""
    return name.split("_")[0]
