"""Words that are told as they are said, however they came."""

import random
from itertools import chain

import pytest

from facewire.speaking.alignment.captions import TOGETHER, Captions
from facewire.speaking.alignment.marks import Mark, TimedSound, TimedWord

RATE = 1_000

Told = list[tuple[str, int, int]]


def captions(*marks: Mark) -> Captions:
    words = Captions(RATE)
    words.add(marks)
    return words


def take(words: Captions, before: int, *, complete: bool = False) -> Told:
    return [(w.label, w.start, w.end) for w in words.take(before, complete=complete)]


def test_each_is_told_once_when_it_begins() -> None:
    marks = [TimedWord(str(n), n / 2, n / 2 + 0.4) for n in range(6)] * 2
    random.Random(1).shuffle(marks)
    words = captions(*marks)
    told = [take(words, before) for before in range(100, 3_200, 100)]
    assert list(chain(*told)) == [(str(n), 500 * n, 500 * n + 400) for n in range(6)]
    assert [index for index, now in enumerate(told) if now] == [0, 5, 10, 15, 20, 25]


def test_what_comes_late_is_told_at_once_and_sounds_are_not() -> None:
    words = captions(TimedWord("a", 0.1, 0.2), TimedSound(0.1, 0.2, ("b",)))
    assert take(words, 1_000) == [("a", 100, 200)]
    words.add([TimedWord("b", 0.3, 0.4), TimedWord("a", 0.1, 0.2)])
    assert take(words, 1_000) == [("b", 300, 400)]


def test_the_next_word_tells_an_end_that_nobody_told() -> None:
    words = captions(TimedWord("a", 0), TimedWord("b", 0.3), TimedWord("c", 1, 2))
    assert take(words, 5_000) == [("a", 0, 300), ("b", 300, 1_000), ("c", 1_000, 2_000)]


@pytest.mark.parametrize("complete", [False, True])
def test_a_word_in_pieces_waits_for_its_rest_as_long_as_that_may_come(complete: bool) -> None:
    words = captions(TimedWord("my ", 0, 0.1, joins=True), TimedWord("pump", 0.1, 0.3, joins=True))
    first: Told = [("my", 0, 100)]
    assert take(words, 400, complete=complete) == first + [("pump", 100, 300)] * complete
    words.add([TimedWord("kin ", 0.3, 0.5, joins=True)])
    rest = [("kin", 300, 500)] if complete else [("pumpkin", 100, 500)]
    assert take(words, 400, complete=complete) == rest


def test_a_piece_whose_rest_does_not_come_is_told_alone() -> None:
    words = captions(TimedWord("pump", 0.1, 0.3, joins=True))
    assert take(words, 500) == []
    assert take(words, 560) == [("pump", 100, 300)]


def test_no_word_without_a_letter_and_none_before_the_turn() -> None:
    words = captions(TimedWord("…", 0, 1), TimedWord("a", -3, -2), TimedWord("b", -0.1, 0.5))
    assert take(words, 9_000) == [("b", 0, 500)]


def test_thousands_of_words_and_pieces_of_one_moment_are_told_a_few_at_a_time() -> None:
    words = captions(*[TimedWord(str(n), n / 50, n / 50 + 0.02) for n in range(20_000)])
    told = 0
    while now := take(words, 10**9):
        assert len(now) <= TOGETHER
        told += len(now)
    assert told == 20_000
    words = captions(*[TimedWord("a" * 150, n / 50, n / 50, joins=True) for n in range(20_000)])
    assert len(take(words, 10**9)[0][0]) == 300
