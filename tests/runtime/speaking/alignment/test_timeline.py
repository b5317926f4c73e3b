"""Times that are wrong in all ways that times can be."""

import itertools
import random

from facewire.speaking.alignment.marks import Mark, MarkSpan, TimedSound, TimedWord
from facewire.speaking.alignment.timeline import Timeline


def spans(*marks: Mark) -> list[tuple[str, float, float]]:
    timeline = Timeline()
    timeline.add(marks)
    return [
        (_label(span), round(span.start_s, 3), round(span.end_s, 3)) for span in timeline.spans()
    ]


def _label(span: MarkSpan) -> str:
    mark = span.mark
    return mark.word if isinstance(mark, TimedWord) else "/".join(mark.phones)


def test_order_and_repetition_do_not_matter() -> None:
    marks = [TimedWord(str(n), n / 2, n / 2 + 0.4) for n in range(6)]
    expected = spans(*marks)
    assert [label for label, *_ in expected] == list("012345")
    random.Random(1).shuffle(marks)
    timeline = Timeline()
    for mark in itertools.chain(marks, marks):
        timeline.add([mark])
    assert len(timeline) == 6
    assert [_label(span) for span in timeline.spans()] == list("012345")


def test_what_overlaps_ends_with_the_next() -> None:
    assert spans(TimedWord("a", 0, 5), TimedWord("b", 1, 2), TimedWord("c", 1.5, 1.7)) == [
        ("a", 0, 1),
        ("b", 1, 1.5),
        ("c", 1.5, 1.7),
    ]


def test_without_an_end_it_lasts_until_the_next_but_not_for_ever() -> None:
    assert spans(TimedWord("a", 0), TimedWord("b", 0.3), TimedWord("c", 9, 8)) == [
        ("a", 0, 0.3),
        ("b", 0.3, 1.3),
        ("c", 9, 10),
    ]
    sounds = [TimedSound(0, phones=("m",)), TimedSound(5, 5, ("b",))]
    assert spans(*sounds) == [("m", 0, 0.4), ("b", 5, 5.4)]


def test_before_the_turn_there_is_nothing() -> None:
    assert spans(TimedWord("a", -3, -2), TimedWord("b", -0.5, 0.2)) == [("b", 0, 0.2)]


def test_two_at_the_same_time_are_one() -> None:
    assert len(spans(TimedWord("a", 1, 2), TimedWord("b", 1, 2))) == 1


def test_sounds_say_more_than_words() -> None:
    word, other = TimedWord("Bob", 0, 0.5), TimedWord("and", 0.5, 0.8)
    sounds = [TimedSound(n / 10, phones=("b",)) for n in range(5)]
    assert [label for label, *_ in spans(word, other, *sounds)] == ["b"] * 5 + ["and"]


def test_punctuation_is_no_word() -> None:
    assert spans(TimedWord("—", 0, 1), TimedWord("...", 1, 2), TimedWord("eh?", 2, 3)) == [
        ("eh?", 2, 3)
    ]


def test_pieces_of_a_word_come_together_again() -> None:
    pieces = [
        TimedWord("pump", 0.1, 0.3, joins=True),
        TimedWord("kin ", 0.3, 0.5, joins=True),
        TimedWord("pie", 0.5, 0.7, joins=True),
        TimedWord("s", 3.0, 3.1, joins=True),
    ]
    expected = [("pumpkin", 0.1, 0.5), ("pie", 0.5, 0.7), ("s", 3.0, 3.1)]
    assert spans(*pieces) == expected
    assert spans(*reversed(pieces)) == expected
    assert [label for label, *_ in spans(TimedWord("a", 0, 1), TimedWord("b", 1, 2))] == ["a", "b"]
