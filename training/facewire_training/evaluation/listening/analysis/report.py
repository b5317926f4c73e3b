"""What a study found: a row a system, a row a pair of systems, and who was left out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np

from facewire.errors import ConfigError
from facewire.optional_dependency import import_optional
from facewire.report_file import command_line, today
from facewire_training.evaluation.listening.analysis.beta_means import Scores, beta_means
from facewire_training.evaluation.listening.analysis.bradley_terry import Choices, strengths
from facewire_training.evaluation.listening.analysis.raters import Excluded, Rules, screened
from facewire_training.evaluation.listening.answers_file import Rating
from facewire_training.evaluation.listening.study import Kind, Study

SURE = 0.05
TIES_SPREAD = (
    "a system got almost the same rating all the time, so equal ratings were spread over the point "
    "that they stand for"
)


@dataclass(frozen=True, slots=True)
class SystemRow:
    """What was found of a system."""

    name: str
    role: str
    """"reference", "anchor", or empty."""
    value: float
    """The mean rating, 0 to 100, by the model; of pairs, how often in 100 it is chosen beside an
    average one."""
    low: float
    high: float
    plain: float
    """The same without any model: the mean of all ratings, or the share of choices won."""
    rated: int
    """How often."""


@dataclass(frozen=True, slots=True)
class PairRow:
    """How two systems differ."""

    better: str
    other: str
    difference: float
    """Points of 100; of pairs, in how many of 100 the better one is chosen."""
    low: float
    high: float
    """The interval of this difference alone, not corrected for the others."""
    p: float
    """Corrected for the number of pairs, by Holm."""

    @property
    def sure(self) -> bool:
        """Whether the difference is one."""
        return self.p < SURE


@dataclass(frozen=True, slots=True)
class ListeningReport:
    """What `--json` writes."""

    date: str
    command: str
    title: str
    kind: Kind
    raters: int
    """Whose ratings count."""
    sentences: int
    rules: tuple[str, ...]
    excluded: tuple[Excluded, ...]
    systems: tuple[SystemRow, ...]
    """The best one first."""
    pairs: tuple[PairRow, ...]
    notes: tuple[str, ...] = ()


class _Estimates(Protocol):
    def quantile(self) -> float: ...

    def difference(self, first: int, second: int) -> tuple[float, float, float]: ...


def analyse(study: Study, ratings: Sequence[Rating], rules: Rules | None = None) -> ListeningReport:
    """Return what the ratings say.

    Raises:
        ConfigError: too few raters are left, or an estimate does not exist.
    """
    rules = rules or Rules()
    kept, excluded = screened(study, ratings, rules)
    unknown = {rating.system for rating in kept} - study.systems.keys()
    if unknown:
        raise ConfigError(f"the ratings name {', '.join(sorted(unknown))}, no systems of the study")
    if not kept:
        raise ConfigError(_nobody_counts(excluded))
    names = [name for name in study.systems if any(rating.system == name for rating in kept)]
    measure = _means if study.kind is Kind.MUSHRA else _strengths
    systems, pairs, notes = measure(study, kept, names)
    return ListeningReport(
        date=today(),
        command=command_line(),
        title=study.title,
        kind=study.kind,
        raters=len({rating.rater for rating in kept}),
        sentences=len({rating.sentence for rating in kept}),
        rules=tuple(rules.sentences(study)),
        excluded=tuple(excluded),
        systems=tuple(sorted(systems, key=lambda row: -row.value)),
        pairs=tuple(sorted(pairs, key=lambda row: -row.difference)),
        notes=tuple(notes),
    )


def _nobody_counts(excluded: Sequence[Excluded]) -> str:
    why = [f"{len(excluded)} are left out, first: {excluded[0].why}"] if excluded else []
    advice = "let more people rate with facewire bench listen serve"
    if any("hidden reference" in one.why for one in excluded):
        advice += ", or count more of them with --reference-at-least or --low-share"
    return f"{': '.join(['no rater has answers that count', *why])}; {advice}"


_Found = tuple[list[SystemRow], list[PairRow], list[str]]


def _means(study: Study, kept: list[Rating], names: list[str]) -> _Found:
    values = np.array([rating.rating for rating in kept], np.float64)
    systems = _places([rating.system for rating in kept], names)
    found = beta_means(
        Scores(
            systems,
            _places([rating.sentence for rating in kept]),
            _places([rating.rater for rating in kept]),
            values,
        )
    )
    rows = [
        SystemRow(
            name, _role(study, name), 100 * mean, 100 * low, 100 * high,
            float(values[systems == place].mean()), int((systems == place).sum()),
        )
        for place, (name, mean, (low, high)) in enumerate(
            zip(names, found.means.tolist(), found.intervals().tolist(), strict=True)
        )
    ]  # fmt: skip
    notes = [TIES_SPREAD] if found.ties_spread else []
    return rows, _pairs(names, found, lambda value: 100 * value), notes


def _strengths(study: Study, kept: list[Rating], names: list[str]) -> _Found:
    screens: dict[tuple[str, int], list[Rating]] = {}
    for rating in kept:
        screens.setdefault((rating.rater, rating.screen), []).append(rating)
    pairs = [sorted(pair, key=lambda rating: rating.slot) for pair in screens.values()]
    pairs = [pair for pair in pairs if len(pair) == 2]
    left, right = (_places([pair[side].system for pair in pairs], names) for side in (0, 1))
    chosen = np.array([pair[0].rating > pair[1].rating for pair in pairs])
    raters = _places([pair[0].rater for pair in pairs])
    found = strengths(Choices(left, right, raters, chosen, len(names)))
    rows = []
    for place, (name, ends) in enumerate(zip(names, found.shares().tolist(), strict=True)):
        won = np.concatenate([chosen[left == place], ~chosen[right == place]])
        value, low, high = (100 * end for end in ends)
        rows.append(
            SystemRow(name, _role(study, name), value, low, high, 100 * float(won.mean()), len(won))
        )
    notes = [f"of two that are equally good, the left one is chosen in {found.side:.0%}"]
    if not found.bounded:
        notes.append(
            "some systems won or lost every comparison with the others, so their strength has no "
            "bound: half a choice was added to each pair, both ways"
        )
    return rows, _pairs(names, found, lambda value: 100 / (1 + math.exp(-value))), notes


def _pairs(names: list[str], found: _Estimates, shown: Callable[[float], float]) -> list[PairRow]:
    multitest = import_optional(
        "statsmodels.stats.multitest", "the analysis needs statsmodels", "quality"
    )
    places = list(combinations(range(len(names)), 2))
    differences = [found.difference(first, second) for first, second in places]
    corrected = multitest.multipletests([p for _, _, p in differences], method="holm")[1]
    rows = []
    for (first, second), (value, error, _), p in zip(places, differences, corrected, strict=True):
        better, other = (first, second) if value >= 0 else (second, first)
        reach = found.quantile() * error
        middle, low, high = (shown(abs(value) + part) for part in (0.0, -reach, reach))
        rows.append(PairRow(names[better], names[other], middle, low, high, float(p)))
    return rows


def _role(study: Study, name: str) -> str:
    return {study.reference: "reference", study.anchor: "anchor"}.get(name, "")


def _places(
    words: list[str], known: list[str] | None = None
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    order = {word: place for place, word in enumerate(known or dict.fromkeys(words))}
    return np.array([order[word] for word in words], np.intp)
