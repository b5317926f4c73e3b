"""Who is left out, and why: by what they said of faces whose quality is known.

As ITU-R BS.1534-3 screens listeners afterwards: by how often they rate the hidden reference low.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from facewire_training.evaluation.listening.answers_file import Rating
from facewire_training.evaluation.listening.screens import Part, faces_on
from facewire_training.evaluation.listening.study import STILL, Kind, Study


@dataclass(frozen=True, slots=True)
class Rules:
    """When a rater is left out."""

    reference_at_least: float = 80.0
    """What the hidden reference is to be rated."""
    low_share: float = 0.15
    """In how many of the sentences it may be rated lower."""
    missed_checks: float = 0.5
    """Who misses this share of the attention checks, or more, is left out."""
    least_rated: float = 0.5
    """And who rated less than this share of their screens."""

    def sentences(self, study: Study) -> list[str]:
        """Return the rules in words, as far as they concern a study."""
        said = [f"rated less than {self.least_rated:.0%} of their screens"]
        if study.checks:
            said.append(
                f"missed {self.missed_checks:.0%} or more of the attention checks (a still face "
                "rated as good as a moving one)"
            )
        if study.kind is Kind.MUSHRA:
            said.append(
                f"rated the hidden reference below {self.reference_at_least:g} on more than "
                f"{self.low_share:.0%} of their screens"
            )
        return said


@dataclass(frozen=True, slots=True)
class Excluded:
    """A rater who is left out."""

    rater: str
    why: str


def screened(
    study: Study, ratings: Sequence[Rating], rules: Rules
) -> tuple[list[Rating], list[Excluded]]:
    """Return the ratings that count, without practice and checks, and who is left out."""
    by_rater: dict[str, list[Rating]] = defaultdict(list)
    for rating in _whole(study, ratings):
        by_rater[rating.rater].append(rating)
    kept, excluded = [], []
    for rater, own in by_rater.items():
        if why := _why(study, own, rules):
            excluded.append(Excluded(rater, why))
        else:
            kept += [rating for rating in own if rating.part is Part.TEST]
    return kept, excluded


def _whole(study: Study, ratings: Sequence[Rating]) -> list[Rating]:
    """Return the ratings of screens that no crash has cut off."""
    counts = Counter((rating.rater, rating.screen) for rating in ratings)
    return [
        rating
        for rating in ratings
        if counts[rating.rater, rating.screen] >= faces_on(study, rating.part)
    ]


def _why(study: Study, ratings: list[Rating], rules: Rules) -> str:
    test = {rating.screen for rating in ratings if rating.part is Part.TEST}
    if len(test) < rules.least_rated * study.screens:
        return f"rated {len(test)} of {study.screens} screens"
    missed = list(_missed_checks(ratings))
    if missed and sum(missed) >= rules.missed_checks * len(missed):
        return f"missed {sum(missed)} of {len(missed)} attention checks"
    if study.kind is Kind.MUSHRA:
        low = [
            rating.rating < rules.reference_at_least
            for rating in ratings
            if rating.part is Part.TEST and rating.system == study.reference
        ]
        if sum(low) > rules.low_share * len(low):
            return (
                f"rated the hidden reference below {rules.reference_at_least:g} "
                f"on {sum(low)} of {len(low)} screens"
            )
    return ""


def _missed_checks(ratings: Iterable[Rating]) -> Iterable[bool]:
    checks: dict[int, list[Rating]] = defaultdict(list)
    for rating in ratings:
        if rating.part is Part.CHECK:
            checks[rating.screen].append(rating)
    for rated in checks.values():
        still = [rating.rating for rating in rated if rating.system == STILL]
        moving = [rating.rating for rating in rated if rating.system != STILL]
        # Of a screen that a crash cut off nothing can be said.
        if still and moving:
            yield max(still) >= min(moving)
