"""Raters whose truth is known, for finding out what a study of a size can tell.

    logit of a mean = system + sentence + rater + what this rater thinks of this system
    rating ~ Beta, as precise as the system's precision says

Of pairs, the left one is chosen with the logit of the difference, and a little more often for being
the left one. Careless raters answer by chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewire_training.evaluation.listening.answers_file import Rater, Rating
from facewire_training.evaluation.listening.screens import Part, Screen, screens_for
from facewire_training.evaluation.listening.study import Kind, Sentence, Study

Floats = NDArray[np.float64]

_TIME = "2026-01-01T00:00:00Z"
_NODES = 60
"""Of the integral over raters."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What raters think."""

    systems: Mapping[str, float]
    """Logits."""
    precisions: Mapping[str, float]
    """Of each system's ratings, about their mean."""
    raters_sd: float = 0.5
    """Of raters, in logits: how generous they are."""
    taste_sd: float = 0.2
    """Of a rater's own opinion of one system, in logits."""
    sentences_sd: float = 0.3
    side: float = 0.1
    """Of pairs: the logit by which the left one is chosen too often."""


def study_of(truth: Truth, kind: Kind, sentences: int, screens: int, checks: int = 2) -> Study:
    """Return a study of a truth's systems that has no files; the best is the reference."""
    names = sorted(truth.systems, key=lambda name: -truth.systems[name])
    return Study(
        id="simulated",
        kind=kind,
        title="Simulated",
        question="",
        consent="",
        systems=dict.fromkeys(names, "simulated"),
        reference=names[0],
        anchor=names[-1],
        sentences=tuple(Sentence(f"s{place}", 3.0) for place in range(sentences)),
        frame_rate=(60, 1),
        screens=screens,
        checks=checks,
        practice="s0",
        seed=0,
        date="",
        command="",
    )


def simulate(
    study: Study, truth: Truth, raters: int, seed: int, careless: int = 0
) -> tuple[list[Rater], list[Rating]]:
    """Return the raters and all that they answered; the last ones are the careless."""
    chance = np.random.default_rng(seed)
    sentences = sentence_logits(study, truth)
    people, ratings = [], []
    for number in range(raters + careless):
        code = f"r{number:03d}"
        generous = chance.normal(0, truth.raters_sd)
        tastes = {name: chance.normal(0, truth.taste_sd) for name in truth.systems}
        people.append(Rater(code, number, _TIME))
        for screen in screens_for(study, code, number):
            logits = [
                truth.systems.get(name, -5.0) + tastes.get(name, 0.0) for name in screen.systems
            ]
            if number >= raters:
                values = _by_chance(study.kind, len(logits), chance)
            elif study.kind is Kind.PAIRS:
                values = _choice(logits, truth.side, chance)
            else:
                shift = generous + sentences[screen.sentence]
                precisions = [truth.precisions.get(name, 8.0) for name in screen.systems]
                values = _beta(np.array(logits) + shift, np.array(precisions), chance)
            ratings += _rated(code, screen, values)
    return people, ratings


def sentence_logits(study: Study, truth: Truth) -> dict[str, float]:
    """Return how much easier each sentence is; the same in every simulation of a study."""
    chance = np.random.default_rng(len(study.sentences))
    return {one.name: chance.normal(0, truth.sentences_sd) for one in study.sentences}


def true_means(study: Study, truth: Truth) -> dict[str, float]:
    """Return each system's mean rating over all raters there could be, 0 to 1."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    spread = nodes * np.hypot(truth.raters_sd, truth.taste_sd)
    sentences = np.array(list(sentence_logits(study, truth).values()))
    means = {}
    for name, logit in truth.systems.items():
        expected = 1 / (1 + np.exp(-(logit + sentences[:, None] + spread)))
        means[name] = float((expected @ weights).mean() / weights.sum())
    return means


def _by_chance(kind: Kind, count: int, chance: np.random.Generator) -> list[int]:
    if kind is Kind.PAIRS:
        first = int(chance.integers(2))
        return [first, 1 - first]
    return [int(value) for value in chance.integers(0, 101, count)]


def _choice(logits: list[float], side: float, chance: np.random.Generator) -> list[int]:
    left = int(chance.random() < 1 / (1 + np.exp(-(logits[0] - logits[1] + side))))
    return [left, 1 - left]


def _beta(logits: Floats, precisions: Floats, chance: np.random.Generator) -> list[int]:
    means = 1 / (1 + np.exp(-logits))
    drawn = chance.beta(means * precisions, (1 - means) * precisions)
    return [int(value) for value in np.rint(100 * drawn)]


def _rated(code: str, screen: Screen, values: list[int]) -> list[Rating]:
    part = Part(screen.part)
    return [
        Rating(code, screen.number, part, screen.sentence, slot, name, value, 1, 20.0, _TIME)
        for (slot, name), value in zip(screen.slots().items(), values, strict=True)
    ]
