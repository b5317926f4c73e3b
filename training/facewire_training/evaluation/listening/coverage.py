"""Counts how often the intervals of `listen analyse` hold the truth, in studies that are simulated.

python -m facewire_training.evaluation.listening.coverage --studies 200 --json coverage.json
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from rich.console import Console

from facewire.report_file import command_line, today, write_report
from facewire_training.command import make_parser, run_command
from facewire_training.evaluation.listening.analysis.beta_means import CONFIDENCE
from facewire_training.evaluation.listening.analysis.report import ListeningReport, analyse
from facewire_training.evaluation.listening.simulated import (
    Truth,
    simulate,
    study_of,
    true_means,
)
from facewire_training.evaluation.listening.study import Kind, Study
from facewire_training.option_ranges import COUNT

TRUTH = Truth(
    systems={"captured": 4.2, "clear": 1.0, "live": 0.6, "meter": -0.4, "late": -1.6},
    precisions={"captured": 30.0, "clear": 7.0, "live": 6.0, "meter": 5.0, "late": 8.0},
)
"""The hidden reference is found by who attends, since it is shown openly as well: 98 of 100."""
PAIRS_TRUTH = Truth(
    systems={"captured": 1.4, "clear": 0.6, "live": 0.2, "meter": -0.7, "late": -1.5}, precisions={}
)
SENTENCES, PAIR_SCREENS, CARELESS = 6, 30, 2


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals held the truth, in studies of one kind."""

    kind: Kind
    studies: int
    raters: int
    """Who are careful; `careless` more are not."""
    sentences: int
    systems: dict[str, float]
    """By system: the share of studies whose interval held its true value."""
    differences: float
    """The same share of all pairs of systems in all studies."""
    ordered: float
    """The share of studies that have the systems in their true order."""
    careless: int
    """In each study."""
    careless_excluded: float
    """The share of the careless who were left out."""
    careful_excluded: float
    """The share of the careful who were."""


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What `--json` writes."""

    date: str
    command: str
    confidence: float
    runs: tuple[Coverage, ...]


def measure(kind: Kind, studies: int, raters: int) -> Coverage:
    """Simulate studies, seeded from 0, and count."""
    screens, truth = (SENTENCES, TRUTH) if kind is Kind.MUSHRA else (PAIR_SCREENS, PAIRS_TRUTH)
    study = study_of(truth, kind, SENTENCES, screens)
    true, compared = _true(study, truth)
    order = sorted(true, key=lambda name: -true[name])
    held = dict.fromkeys(order, 0)
    differences = ordered = careless = careful = 0
    for seed in range(studies):
        _, ratings = simulate(study, truth, raters, seed, CARELESS)
        report = analyse(study, ratings)
        for row in report.systems:
            held[row.name] += row.low <= true[row.name] <= row.high
        differences += _held(report, compared)
        ordered += [row.name for row in report.systems] == order
        numbers = [int(one.rater[1:]) for one in report.excluded]
        careless += sum(number >= raters for number in numbers)
        careful += sum(number < raters for number in numbers)
    pairs = len(list(combinations(order, 2)))
    return Coverage(
        kind=kind,
        studies=studies,
        raters=raters,
        sentences=SENTENCES,
        systems={name: held[name] / studies for name in order},
        differences=differences / (studies * pairs),
        ordered=ordered / studies,
        careless=CARELESS,
        careless_excluded=careless / (CARELESS * studies),
        careful_excluded=careful / (raters * studies),
    )


def _true(study: Study, truth: Truth) -> tuple[dict[str, float], Callable[[str, str], float]]:
    """Return each system's true value, and what compares two, in the words of the report."""
    if study.kind is Kind.MUSHRA:
        means = {name: 100 * mean for name, mean in true_means(study, truth).items()}
        return means, lambda one, other: means[one] - means[other]
    middle = float(np.mean(list(truth.systems.values())))
    shares = {name: _percent(logit - middle) for name, logit in truth.systems.items()}
    return shares, lambda one, other: _percent(truth.systems[one] - truth.systems[other])


def _percent(logit: float) -> float:
    return 100 / (1 + float(np.exp(-logit)))


def _held(report: ListeningReport, compared: Callable[[str, str], float]) -> int:
    return sum(row.low <= compared(row.better, row.other) <= row.high for row in report.pairs)


def main() -> None:
    """Measure both kinds, print, and write."""
    parser = make_parser((__doc__ or "").partition("\n")[0])
    parser.add_argument("--studies", type=COUNT, default=200, help="how many of each kind")
    parser.add_argument("--raters", type=COUNT, default=16, help="careful ones in each study")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    runs = tuple(measure(kind, arguments.studies, arguments.raters) for kind in Kind)
    console = Console()
    for run in runs:
        console.print(f"{run.kind}, {run.studies} studies, {run.raters} raters", highlight=False)
        for name, share in run.systems.items():
            console.print(f"  {name}: {share:.1%} of intervals hold the truth", highlight=False)
        console.print(f"  differences: {run.differences:.1%}; true order: {run.ordered:.1%}")
        console.print(
            f"  careless left out: {run.careless_excluded:.1%}; careful: {run.careful_excluded:.2%}"
        )
    if arguments.json:
        write_report(arguments.json, CoverageReport(today(), command_line(), CONFIDENCE, runs))


if __name__ == "__main__":
    run_command(main)
