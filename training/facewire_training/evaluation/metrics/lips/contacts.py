"""Which p b m are missed: short ones, and beside which sounds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from facewire.face.lips import SHUT
from facewire_training.evaluation.metrics.lips.closure import BILABIALS, GRACE
from facewire_training.take import Take

SHORT_S, LONG_S = 0.060, 0.080
"""Below the first a contact is short, above the second it is long."""
FEWEST = 5
"""Contacts beside a sound below which their share says nothing."""
_EDGE_S = 1e-6


@dataclass(frozen=True, slots=True)
class Contact:
    """One p, b or m."""

    label: str
    duration_s: float
    before: str
    """The phone before it; silence at the beginning."""
    after: str
    closed: bool
    """As `closure.closure_rate` has it."""


def contacts(takes: Sequence[Take]) -> Iterator[Contact]:
    """Yield every p, b and m that has a frame."""
    for take in takes:
        gap = take.gap()
        labels = ["sil", *(phone.label for phone in take.phones), "sil"]
        for place, phone in enumerate(take.phones):
            frames = take.frames(phone, GRACE)
            if phone.label in BILABIALS and frames.stop > frames.start:
                closed = bool(gap[frames].min() <= SHUT)
                yield Contact(
                    phone.label, phone.duration_s, labels[place], labels[place + 2], closed
                )


def closure_by_duration(takes: Sequence[Take]) -> dict[str, float]:
    """Return the share of short, middling and long p b m in which the lips meet, by key.

    The keys are those of the table's figures; nan where there is none of a kind.
    """
    found = list(contacts(takes))
    short = [c for c in found if c.duration_s < SHORT_S - _EDGE_S]
    long = [c for c in found if c.duration_s > LONG_S + _EDGE_S]
    rest = [c for c in found if SHORT_S - _EDGE_S <= c.duration_s <= LONG_S + _EDGE_S]
    kinds = {"closure_short": short, "closure_middling": rest, "closure_long": long}
    return {key: _closed(kind) for key, kind in kinds.items()}


def closure_of(takes: Sequence[Take], label: str) -> float:
    """Return the share of one of p, b and m in which the lips meet; nan if there is none."""
    return _closed(contact for contact in contacts(takes) if contact.label == label)


def missed_beside(takes: Sequence[Take]) -> dict[str, dict[str, float]]:
    """Return which share of p b m is missed after each phone, and before each, worst first.

    The keys are "after" and "before"; phones with fewer than `FEWEST` contacts are left out.
    """
    found = list(contacts(takes))
    return {
        "after": _missed((contact.before, contact.closed) for contact in found),
        "before": _missed((contact.after, contact.closed) for contact in found),
    }


def _missed(outcomes: Iterable[tuple[str, bool]]) -> dict[str, float]:
    beside: dict[str, list[bool]] = {}
    for label, closed in outcomes:
        beside.setdefault(label, []).append(not closed)
    shares = {k: float(np.mean(missed)) for k, missed in beside.items() if len(missed) >= FEWEST}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def _closed(found: Iterable[Contact]) -> float:
    outcomes = [contact.closed for contact in found]
    return float(np.mean(outcomes)) if outcomes else float("nan")
