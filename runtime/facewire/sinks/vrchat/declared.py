"""The parameters that an avatar has, and what a value becomes in each.

An avatar has a value as a float, as a bool, or to save what it sends to others in binary: bools
whose names end with 1, 2, 4 and so on, which are the bits of its size, and one that ends with
Negative.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PREFIX = "/avatar/parameters/"

_BINARY = re.compile(r"(?P<name>\w*?[A-Za-z])(?P<part>Negative|\d+)")
_TRUE = 0.5


@dataclass(frozen=True, slots=True)
class Declared:
    """One parameter of an avatar, and which of our values it shows."""

    address: str
    value: str
    """The name of ours."""
    kind: str
    """`f`, a float; `T`, a bool; `bit`; or `sign`, whether the value is negative."""
    bit: int = 0
    """Which bit of the size it is."""
    bits: int = 0
    """How many the size has."""

    def show(self, value: float) -> float | bool:
        """Return what the parameter is at a value in [-1, 1]."""
        if self.kind == "f":
            return value
        if self.kind == "T":
            return value >= _TRUE
        if self.kind == "sign":
            return value < 0
        most = (1 << self.bits) - 1
        return bool(min(most, int(abs(value) * (most + 1))) >> self.bit & 1)


def declare(tree: Mapping[str, str], names: Iterable[str], marker: str) -> list[Declared]:
    """Return the parameters of an avatar that show our values.

    Args:
        tree: the avatar's addresses, and their OSC types.
        names: of our values.
        marker: what stands before the names, such as "v2/"; the avatar may have more before it.
    """
    known = frozenset(names)
    found: list[Declared] = []
    binary: dict[str, dict[int, str]] = defaultdict(dict)
    for address, kind in tree.items():
        before, at, name = address.rpartition(marker)
        if not address.startswith(PREFIX) or not at or (before and not before.endswith("/")):
            continue
        is_bool = kind in ("T", "F", "b")
        if name in known and (is_bool or kind == "f"):
            found.append(Declared(address, name, "T" if is_bool else "f"))
        elif is_bool and (match := _BINARY.fullmatch(name)) and match["name"] in known:
            if match["part"] == "Negative":
                found.append(Declared(address, match["name"], "sign"))
            else:
                binary[f"{before}{at}{match['name']}"][int(match["part"])] = address
    for stem, parts in binary.items():
        name = stem.rpartition(marker)[2]
        # An avatar with 1, 2 and 4 has three bits, whatever they are called.
        for bit, weight in enumerate(sorted(parts)):
            found.append(Declared(parts[weight], name, "bit", bit, len(parts)))
    return found
