"""Phone times as aligners write them: Praat's TextGrid, label files, and JSON."""

import itertools
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from praatio import textgrid
from praatio.utilities.constants import Interval
from praatio.utilities.errors import PraatioException

from facewire.errors import ConfigError
from facewire_engines.phones.ipa import phones_of
from facewire_engines.phones.phone_set import phone_index
from facewire_training.phones import PhoneInterval

Timed = tuple[float, float, str]
"""Start and end in seconds, and a label."""

_PHONE_TIER = re.compile(r"phone|segment|\bmau\b", re.IGNORECASE)
_SILENT = frozenset(
    {"<eps>", "<p:>", "#", "_", "sp", "spn", "<unk>", "silence", "<sp>", "<silence>"}
)
_HTK_UNIT_S = 1e-7
_TIMIT_RATE = 16_000


def read_phone_times(path: Path) -> list[PhoneInterval]:
    """Read the phones of one recording, in order of time.

    * `.TextGrid`: the interval tier whose name speaks of phones or segments, or else the last one
    * `.lab`: lines of `start end label`, in seconds or in HTK's units of 100 ns, or of `end number
      label` as festival writes them after its `#`
    * `.phn`: lines of `start end label` in samples at 16 kHz, as in TIMIT
    * `.json`: a list of objects with `start`, `end` and `phone` (or `label`, or `start_s`,
      `end_s`), alone or as `phones`; or the Montreal aligner's `tiers`

    Labels are ARPAbet, with or without stress, or IPA; a diphthong of several IPA sounds is cut
    into equal parts.

    Raises:
        ConfigError: the file cannot be read, or has a label that is no phone.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(f"{path} is no file of phones; give one of {', '.join(READERS)}")
    try:
        timed = reader(path)
        return [phone for item in timed for phone in _phones(*item)]
    except (OSError, ValueError, LookupError, TypeError, PraatioException) as error:
        raise ConfigError(f"cannot read the phones of {path}: {error}; correct the file") from error


def _text_grid(path: Path) -> list[Timed]:
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="silence")
    tiers = [tier for tier in grid.tiers if isinstance(tier, textgrid.IntervalTier)]
    if not tiers:
        raise ValueError("it has no tier of intervals")
    tier = next((tier for tier in tiers if _PHONE_TIER.search(tier.name)), tiers[-1])
    intervals = (entry for entry in tier.entries if isinstance(entry, Interval))
    return [(entry.start, entry.end, entry.label) for entry in intervals]


def _lab(path: Path) -> list[Timed]:
    lines = path.read_text("utf-8").splitlines()
    if "#" in (line.strip() for line in lines):
        return _festival(lines)
    rows = [line.split(maxsplit=2) for line in lines if line.strip()]
    in_seconds = any("." in number for row in rows for number in row[:2])
    unit = 1.0 if in_seconds else _HTK_UNIT_S
    return [
        (float(start) * unit, float(end) * unit, label.split()[0]) for start, end, label in rows
    ]


def _festival(lines: list[str]) -> list[Timed]:
    begin = [line.strip() for line in lines].index("#")
    rows = [line.split() for line in lines[begin + 1 :] if line.strip()]
    ends = [float(row[0]) for row in rows]
    starts = [0.0, *ends[:-1]]
    return [(start, end, row[2]) for start, end, row in zip(starts, ends, rows, strict=True)]


def _timit(path: Path) -> list[Timed]:
    rows = (line.split() for line in path.read_text("utf-8").splitlines() if line.strip())
    return [(int(s) / _TIMIT_RATE, int(e) / _TIMIT_RATE, label) for s, e, label in rows]


def _json(path: Path) -> list[Timed]:
    content = json.loads(path.read_text("utf-8"))
    if isinstance(content, dict) and "tiers" in content:
        tiers: dict[str, Any] = content["tiers"]
        name = next((name for name in tiers if _PHONE_TIER.search(name)), list(tiers)[-1])
        return [(float(start), float(end), label) for start, end, label in tiers[name]["entries"]]
    items = content["phones"] if isinstance(content, dict) else content
    return [_json_item(item) for item in items]


def _json_item(item: dict[str, Any]) -> Timed:
    start, end, label = (
        item[first] if first in item else item[second]
        for first, second in (("start", "start_s"), ("end", "end_s"), ("phone", "label"))
    )
    return float(start), float(end), str(label)


READERS: dict[str, Callable[[Path], list[Timed]]] = {
    ".textgrid": _text_grid,
    ".lab": _lab,
    ".phn": _timit,
    ".json": _json,
}
"""By the end of the file's name."""


def _phones(start_s: float, end_s: float, label: str) -> Iterable[PhoneInterval]:
    if end_s <= start_s:
        return []
    classes = _classes(label)
    step_s = (end_s - start_s) / len(classes)
    edges = [start_s + step_s * index for index in range(len(classes))] + [end_s]
    spans = zip(itertools.pairwise(edges), classes, strict=True)
    return [PhoneInterval(start, end, index) for (start, end), index in spans]


def _classes(label: str) -> tuple[int, ...]:
    plain = label.strip()
    if plain.lower() in _SILENT:
        plain = "sil"
    try:
        return (phone_index(plain),)
    except ValueError:
        found = phones_of(plain)
    if not found:
        raise ValueError(f"no phone is known for {label!r}")
    return found
