"""Which screens a rater gets, in which order: always the same for the same rater of a study."""

import random
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from facewire_training.evaluation.listening.study import STILL, Kind, Study

SLOTS = "ABCDEFGHIJKLMNOP"
"""What the faces of a screen are called, from the first on."""


class Part(StrEnum):
    """What a screen is for."""

    PRACTICE = "practice"
    TEST = "test"
    CHECK = "check"
    """Of attention: a face that does not move beside a good one."""


@dataclass(frozen=True, slots=True)
class Screen:
    """A sentence, and the systems whose faces are rated, as they stand from A on."""

    number: int
    part: Part
    sentence: str
    systems: tuple[str, ...]

    def slots(self) -> dict[str, str]:
        """Return the system of each slot."""
        return dict(zip(SLOTS, self.systems, strict=False))


def all_trials(study: Study) -> list[tuple[str, tuple[str, ...]]]:
    """Return every sentence with the systems to rate on one screen, once each."""
    names = tuple(study.systems)
    groups = [names] if study.kind is Kind.MUSHRA else list(combinations(names, 2))
    return [(sentence.name, group) for sentence in study.sentences for group in groups]


def faces_on(study: Study, part: Part) -> int:
    """Return how many faces are rated on a screen."""
    return len(study.systems) if study.kind is Kind.MUSHRA and part is not Part.CHECK else 2


def screens_for(study: Study, rater: str, number: int) -> tuple[Screen, ...]:
    """Return a rater's screens: the practice, then the test with the checks spread over it.

    Where a rater gets a part of all trials, raters who come one after the other take parts that
    follow each other, so that each trial is rated equally often.

    Args:
        study: what is rated.
        rater: the code, which seeds the order.
        number: how many raters came before.
    """
    chance = random.Random(f"{study.seed} {rater}")
    trials = all_trials(study)
    random.Random(f"{study.seed} trials").shuffle(trials)
    first = number * study.screens
    chosen = [trials[(first + step) % len(trials)] for step in range(study.screens)]
    chance.shuffle(chosen)
    screens = [(Part.TEST, *trial) for trial in chosen]
    for check in range(study.checks):
        place = (check + 1) * (len(screens) + 1) // (study.checks + 1)
        screens.insert(place, (Part.CHECK, *_check(study, chance)))
    practice = next(trial for trial in trials if trial[0] == study.practice)
    screens.insert(0, (Part.PRACTICE, *practice))
    return tuple(
        Screen(place, part, sentence, tuple(chance.sample(systems, len(systems))))
        for place, (part, sentence, systems) in enumerate(screens)
    )


def _check(study: Study, chance: random.Random) -> tuple[str, tuple[str, ...]]:
    others = [name for name in study.systems if name != study.anchor]
    beside = study.reference or chance.choice(others)
    return chance.choice(study.sentences).name, (beside, STILL)
