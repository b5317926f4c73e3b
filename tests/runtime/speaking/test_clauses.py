"""Clauses come as soon as they are complete, however the text arrives."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire.speaking.clauses import LONGEST, ClauseQueue, ClauseSplitter


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


def test_a_clause_that_is_given_whole_is_not_split() -> None:
    text = ClauseQueue()
    text.push_clause("One. Two. Three.")
    assert text.take() == "One. Two. Three."
    assert (text.ready, text.spoken, text.quiet) == (False, True, False)
    text.done()
    assert text.quiet
