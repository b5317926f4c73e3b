"""Who gets which screens, in which order."""

from collections import Counter

import pytest

from facewire_training.evaluation.listening.coverage import PAIRS_TRUTH, TRUTH
from facewire_training.evaluation.listening.screens import Part, all_trials, screens_for
from facewire_training.evaluation.listening.simulated import study_of
from facewire_training.evaluation.listening.study import STILL, Kind, Study

RATERS = 40


def mushra(screens: int = 6, checks: int = 2) -> Study:
    return study_of(TRUTH, Kind.MUSHRA, 6, screens, checks)


def test_a_rater_gets_a_practice_every_sentence_once_and_the_checks_between() -> None:
    study = mushra()
    screens = screens_for(study, "ann", 3)
    assert [screen.number for screen in screens] == list(range(9))
    assert [screen.part for screen in screens].count(Part.CHECK) == 2
    assert screens[0].part is Part.PRACTICE
    assert screens[0].sentence == study.practice
    assert screens[1].part is Part.TEST
    assert screens[-1].part is Part.TEST
    tested = [screen for screen in screens if screen.part is Part.TEST]
    assert {screen.sentence for screen in tested} == {one.name for one in study.sentences}
    assert all(set(screen.systems) == set(study.systems) for screen in tested)
    for screen in screens:
        if screen.part is Part.CHECK:
            assert set(screen.systems) == {STILL, study.reference}


def test_the_order_is_the_same_for_a_rater_and_another_for_others() -> None:
    study = mushra()
    assert screens_for(study, "ann", 0) == screens_for(study, "ann", 0)
    orders = {
        tuple((screen.sentence, screen.systems) for screen in screens_for(study, f"r{n}", n))
        for n in range(RATERS)
    }
    assert len(orders) == RATERS


def test_no_system_has_a_place_of_its_own() -> None:
    study = mushra()
    places: Counter[tuple[str, int]] = Counter()
    for number in range(RATERS):
        for screen in screens_for(study, f"r{number}", number):
            if screen.part is Part.TEST:
                places.update((name, place) for place, name in enumerate(screen.systems))
    assert len(places) == len(study.systems) ** 2
    # 240 screens, 5 places: 48 each, and 6 standard deviations to either side.
    assert min(places.values()) > 48 - 38
    assert max(places.values()) < 48 + 38


@pytest.mark.parametrize("kind", Kind)
def test_parts_of_the_trials_are_dealt_so_that_all_are_rated_equally_often(kind: Kind) -> None:
    truth = TRUTH if kind is Kind.MUSHRA else PAIRS_TRUTH
    study = study_of(truth, kind, 6, 4)
    trials = all_trials(study)
    assert len(trials) == (6 if kind is Kind.MUSHRA else 60)
    rated: Counter[tuple[str, frozenset[str]]] = Counter()
    for number in range(len(trials) + 1):
        screens = [s for s in screens_for(study, f"r{number}", number) if s.part is Part.TEST]
        assert len({(s.sentence, frozenset(s.systems)) for s in screens}) == 4
        rated.update((screen.sentence, frozenset(screen.systems)) for screen in screens)
    assert len(rated) == len(trials)
    assert max(rated.values()) - min(rated.values()) <= 1


def test_pairs_stand_either_way_round() -> None:
    study = study_of(PAIRS_TRUTH, Kind.PAIRS, 2, 20)
    left = Counter(
        screen.systems
        for number in range(RATERS)
        for screen in screens_for(study, f"r{number}", number)
        if screen.part is Part.TEST
    )
    assert all(left[b, a] > 0 for a, b in left)


def test_checks_can_be_left_out() -> None:
    screens = screens_for(mushra(checks=0), "ann", 0)
    assert [screen.part for screen in screens] == [Part.PRACTICE, *[Part.TEST] * 6]
