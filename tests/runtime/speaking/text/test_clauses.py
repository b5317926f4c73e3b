"""Clauses come as soon as they are complete, however the text arrives."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire.emotion import emotion_of
from facewire.speaking.text.clauses import LONGEST, TOGETHER, ClauseQueue, ClauseSplitter
from facewire.speaking.text.emotion_marks import unmarked


def clauses_of(*pieces: str) -> list[str]:
    splitter = ClauseSplitter()
    return [clause for piece in pieces for clause in splitter.push(piece)] + splitter.flush()


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Hello there, how are you?", ["Hello there,", "how are you?"]),
        ("One. Two! Three? Four; five: six", ["One.", "Two!", "Three?", "Four;", "five:", "six"]),
        ("It costs 3.14 or 1,000 at 12:30.", ["It costs 3.14 or 1,000 at 12:30."]),
        ("Dr. Smith met Mr. J. Jones.", ["Dr. Smith met Mr. J. Jones."]),
        ("The U.S. is big, e.g. wide. Yes.", ["The U.S. is big,", "e.g. wide.", "Yes."]),
        ('"Stop." he said (twice). Then', ['"Stop."', "he said (twice).", "Then"]),
        ("Wait... what", ["Wait...", "what"]),
        ("a line\nthat goes on", ["a line that goes on"]),
        ("A title\n\nA text", ["A title", "A text"]),
        ("你好，我很高兴。谢谢", ["你好，", "我很高兴。", "谢谢"]),
        ("مرحبا، كيف حالك؟ جيد", ["مرحبا،", "كيف حالك؟", "جيد"]),
        ("<speak>hi</speak>", ["<speak>hi</speak>"]),
        ("", []),
        (" \n\t ", []),
        ("a\x00b\x07c\udc80d", ["a b c d"]),
    ],
)
def test_text_is_cut_where_a_speaker_would(text: str, clauses: list[str]) -> None:
    assert clauses_of(text) == clauses
    assert clauses_of(*text) == clauses


def test_a_clause_comes_as_soon_as_it_is_complete() -> None:
    splitter = ClauseSplitter()
    came = [splitter.push(word) for word in ("Hello ", "there, ", "you ", "there")]
    assert came == [[], ["Hello there,"], [], []]
    assert splitter.pending
    assert splitter.flush() == ["you there"]
    assert not splitter.pending


@given(st.text(alphabet="ab .,!?\n。，'\"I1", max_size=700), st.data())
def test_pieces_do_not_change_the_clauses_and_nothing_is_lost(
    text: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    edges = [0, *cuts, len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert clauses_of(*pieces) == clauses_of(text)
    assert "".join("".join(clauses_of(text)).split()) == "".join(text.split())


@pytest.mark.parametrize("text", ["x" * 100_000, "word " * 20_000, "字" * 100_000])
def test_endless_clauses_are_cut(text: str) -> None:
    clauses = clauses_of(text)
    assert max(map(len, clauses)) <= LONGEST
    assert sum(len(clause.replace(" ", "")) for clause in clauses) == len(text.replace(" ", ""))


def test_a_long_text_is_split_no_further_than_the_voice_needs() -> None:
    text = ClauseQueue()
    text.push("One sentence here. " * 10_000)
    assert len(text._clauses) < 60
    assert text.waiting == pytest.approx(190_000, rel=0.01)
    text.flush()
    clauses = 0
    while text.ready:
        assert text.take() == "One sentence here."
        clauses += 1
        text.done()
    assert clauses == 10_000
    assert (text.waiting, text.quiet) == (0, True)


def taken(text: ClauseQueue) -> list[str]:
    found = []
    while text.ready:
        found.append(text.take())
        text.done()
    return found


def test_a_voice_that_wants_sentences_is_given_as_much_of_one_as_is_there() -> None:
    text = ClauseQueue(sentences=True)
    text.push("Well, now, go, ")
    assert text.take() == "Well, now, go,"
    text.push("then, if you like, come back. And, so ")
    assert taken(text) == ["then, if you like, come back.", "And,"]
    text.flush()
    assert taken(text) == ["so"]
    assert (text.waiting, text.ready) == (0, False)


def test_the_first_clause_of_a_text_that_comes_slowly_is_not_kept_waiting() -> None:
    text, given = ClauseQueue(sentences=True), list[str]()
    for word in ["Well,", "that", "is", "odd,", "she", "said."]:
        text.push(f"{word} ")
        given += taken(text)
    text.flush()
    assert given + taken(text) == ["Well,", "that is odd,", "she said."]


def test_a_sentence_is_joined_however_the_text_is_split() -> None:
    sentence = "One, two, three."
    text = ClauseQueue(sentences=True)
    text.push(f"{sentence} " * 500)
    text.flush()
    assert taken(text) == [sentence] * 500


def test_a_long_sentence_is_joined_as_far_as_it_is_spoken_in_one_breath() -> None:
    clause = "na na na na na na na na na,"
    text = ClauseQueue(sentences=True)
    text.push(f"{clause} " * 40)
    text.flush()
    given = taken(text)
    assert " ".join(given) == " ".join([clause] * 40)
    assert all(TOGETHER // 2 < len(piece) <= TOGETHER for piece in given)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Well, now, go.", True),
        ("Well, now, go. ", False),  # that is known
        ("Well, now", False),
        ("Go on. Well, now.", False),  # there is a sentence before
        ("Now.", True),
    ],
)
def test_a_sentence_whose_end_nobody_has_confirmed_is_known(text: str, *, whole: bool) -> None:
    queue, other = ClauseQueue(sentences=True), ClauseQueue()
    queue.push(text)
    other.push(text)
    assert (queue.nearly_whole, other.nearly_whole) == (whole, False)
    queue.flush()
    assert not queue.nearly_whole


def test_a_clause_that_is_given_whole_is_not_split() -> None:
    text = ClauseQueue()
    text.push_clause("One. Two. Three.")
    assert text.take() == "One. Two. Three."
    assert (text.ready, text.spoken, text.quiet) == (False, True, False)
    text.done()
    assert text.quiet


def test_marks_stay_at_their_words_and_end_no_clause() -> None:
    splitter = ClauseSplitter(marks=True)
    text = "<happy>We won!</happy> <sad>They lost, Dr.</sad> Who <calm>did</calm> too."
    clauses = splitter.push(text) + splitter.flush()
    plain = ["We won!", "They lost,", "Dr. Who did too."]
    assert [unmarked(clause)[0] for clause in clauses] == plain
    happy, sad, calm = (emotion_of({name: 1.0}) for name in ("happy", "sad", "calm"))
    assert [unmarked(clause)[1] for clause in clauses] == [
        [(0, happy), (7, None)],
        [(0, sad)],
        [(3, None), (8, calm), (11, None)],
    ]
    assert splitter.take_problems() == []


def test_a_splitter_that_reads_no_marks_leaves_them_in_the_text() -> None:
    splitter = ClauseSplitter()
    assert splitter.push("<happy>Hi.</happy> ") + splitter.flush() == ["<happy>Hi.</happy>"]


def test_wrong_marks_of_a_queue_are_told_once() -> None:
    queue = ClauseQueue()
    queue.push("a </sad> b </calm>")
    assert "</sad> is left out" in queue.take_problem()
    queue.flush()
    assert queue.take_problem() == ""
    assert queue.take() == "a b"
