from facewire.emotion import emotion_of
from facewire.speaking.text.emotion_marks import MarkReader, unmarked
from facewire.speaking.text.feelings import Feeling, MarkedClause
from facewire.speaking.voice import Span

RATE = 1_000
HAPPY, SAD = emotion_of({"happy": 1.0}), emotion_of({"sad": 1.0})


def clause(text: str) -> MarkedClause:
    reader = MarkReader()
    return MarkedClause(*unmarked(reader.push(text) + reader.flush()), RATE)


def test_a_mark_holds_from_a_moment_before_its_word_on() -> None:
    marked = clause("We <happy>won it</happy> all")
    words = [Span("We", 0, 200), Span("won", 200, 500), Span("it", 500, 600), Span("all", 600, 900)]
    assert marked.take(words[:1]) == ()
    assert marked.take(words[1:]) == (Feeling(50, HAPPY), Feeling(450, None))
    assert marked.rest() == ()


def test_what_stands_behind_the_last_word_is_left_for_the_end() -> None:
    marked = clause("We <sad>lost</sad> <happy>")
    assert marked.take([Span("We", 0, 1), Span("lost", 400, 500)]) == (Feeling(250, SAD),)
    assert marked.rest() == (Feeling(0, None), Feeling(0, HAPPY))
    assert marked.rest() == ()


def test_words_that_a_voice_spells_otherwise_are_passed_over() -> None:
    marked = clause("On 3 May <sad>it rained</sad>")
    words = [Span("On", 0, 1), Span("three", 200, 300), Span("may", 300, 400), Span("it", 400, 500)]
    assert marked.take(words) == (Feeling(250, SAD),)


def test_a_clause_of_marks_alone_says_nothing() -> None:
    marked = clause("<sad>")
    assert marked.take([]) == ()
    assert marked.rest() == (Feeling(0, SAD),)
