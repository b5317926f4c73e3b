"""Text that arrives bit by bit, cut into clauses."""

import os

import pytest

from facewire.emotion import emotion_of
from facewire.speaking.text.emotion_marks import unmarked
from facewire_cli.speaking.typed_text import clauses_from


async def test_text_comes_clause_by_clause_and_a_pause_ends_one() -> None:
    reader, writer = os.pipe()
    clauses = clauses_from(reader, pause_s=0.05)
    os.write(writer, "Grüß ".encode()[:3])
    os.write(writer, "Grüß ".encode()[3:] + b"Gott, mein")
    assert await anext(clauses) == "Grüß Gott,"
    assert await anext(clauses) == "mein"
    os.write(writer, b"Freund. Und \xff")
    assert await anext(clauses) == "Freund."
    os.close(writer)
    assert await anext(clauses) == "Und \ufffd"
    with pytest.raises(StopAsyncIteration):
        await anext(clauses)
    os.close(reader)


async def test_marks_hold_on_over_a_pause() -> None:
    reader, writer = os.pipe()
    problems: list[str] = []
    clauses = clauses_from(reader, pause_s=0.05, on_problem=problems.append)
    os.write(writer, b"<happy>We")
    happy = emotion_of({"happy": 1.0})
    assert unmarked(await anext(clauses)) == ("We", [(0, happy)])
    os.write(writer, b"won</happy> it.")
    os.close(writer)
    assert unmarked(await anext(clauses)) == ("won it.", [(3, None)])
    with pytest.raises(StopAsyncIteration):
        await anext(clauses)
    assert problems == []
    os.close(reader)
