import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire.emotion import NAMES, Emotion, emotion_of
from facewire.speaking.text.emotion_marks import DEEPEST, MarkReader, unmarked

HAPPY, SAD = emotion_of({"happy": 1.0}), emotion_of({"sad": 0.4})


def read(text: str) -> tuple[str, list[tuple[int, Emotion | None]], list[str]]:
    reader = MarkReader()
    plain, marks = unmarked(reader.push(text) + reader.flush())
    return plain, marks, reader.problems


def test_marks_leave_the_text_and_hold_from_their_place_on() -> None:
    plain, marks, problems = read("<happy>We won!</happy> <sad=0.4>They lost.</sad>")
    assert plain == "We won! They lost."
    assert marks == [(0, HAPPY), (7, None), (8, SAD), (18, None)]
    assert problems == []


def test_the_inner_one_counts_and_then_the_outer_one_again() -> None:
    plain, marks, _ = read("<Happy>a <SAD = .4>b</sad> c</happy> d")
    assert plain == "a b c d"
    assert marks == [(0, HAPPY), (2, SAD), (3, HAPPY), (5, None)]


@pytest.mark.parametrize("gap", [2, 3, 60])
def test_no_mark_is_longer_than_what_waits_for_its_end(gap: int) -> None:
    text = f"<melancholic{' ' * gap}={' ' * gap}0.5>a"
    whole, cut = MarkReader(), MarkReader()
    assert "".join(map(cut.push, text)) + cut.flush() == whole.push(text) + whole.flush()
    assert read(text)[0] == ("a" if gap == 2 else " ".join(text.split()))


def test_an_endless_mark_is_read_at_once() -> None:
    text = "<happy=" + " " * 1_000_000 + "x"
    assert read(text)[1] == []


@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "a <b> c",
        "2<3",
        "<joyful>x</joyful>",
        "<happy",
        "x <3",
        "<" * 99,
        "a<>b",
        "<calm down>",
    ],
)
def test_what_is_no_mark_is_text(text: str) -> None:
    assert read(text) == (text, [], [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<happy>a", "<happy> holds to the end; write </happy>"),
        ("a</happy>", "</happy> is left out: there is no <happy> before it"),
        (
            "<happy=2>a",
            "is left out: a mark has one emotion and a share from 0 to 1, as <happy=0.5>",
        ),
        ("<happy=nan>a", "<happy=nan> is left out: a mark has one"),
        ("<happy=x>a", "<happy=x> is left out: a mark has one"),
        ("<happy=>a", "<happy=> is left out: a mark has one"),
        ("<happy=0.8,sad=0.2>a", "<happy=0.8,sad=0.2> is left out: a mark has one"),
        ("<neutral=2>a", "<neutral=2> is left out: a mark has one"),
        ("<happy,sad>a", "<happy,sad> is left out: a mark has one"),
        ("<sad: 0.5>a", "<sad: 0.5> is left out: a mark has one"),
        ("<happy+angry=1>a", "<happy+angry=1> is left out: a mark has one"),
        ("<hapy>a</hapy>", "<hapy> is left out; did you mean <happy>?"),
        ("<Suprised=0.5>a", "<Suprised=0.5> is left out; did you mean <surprised>?"),
    ],
)
def test_marks_that_are_wrong_are_told_and_the_text_is_said(text: str, says: str) -> None:
    plain, _, (problem,) = read(text)
    assert plain == "a"
    assert says in problem


def test_what_the_voice_tells_and_what_is_neutral_are_marks_too() -> None:
    plain, marks, problems = read("<sad>a <neutral>b</neutral> <voice=0.5>c")
    assert plain == "a b c"
    assert marks[1:3] == [(2, Emotion()), (3, emotion_of({"sad": 1.0}))]
    assert marks[3] == (4, emotion_of({"voice": 0.5}))
    assert len(problems) == 2


def test_marks_inside_each_other_are_bounded() -> None:
    _, marks, problems = read("<sad>" * (DEEPEST + 5))
    assert len(marks) == DEEPEST
    assert "marks are open already" in problems[0]


def test_the_same_mistake_is_told_once() -> None:
    plain, _, problems = read("<hapy>a " * 500 + "</sad>" * 500)
    assert plain.split() == ["a"] * 500
    assert [problem.split(" is ")[0] for problem in problems] == ["<hapy>", "</sad>"]


def test_characters_of_private_use_are_no_marks() -> None:
    assert read("a\ue000b\uefffc") == ("a b c", [], [])


TEXTS = st.lists(
    st.sampled_from(["We won!", " ", "<", ">", "<happy>", "</happy>", "<sad=.4>", "</sad>", "a"])
)


@given(TEXTS, st.integers(1, 7))
def test_how_the_text_is_cut_changes_nothing(parts: list[str], step: int) -> None:
    text = "".join(parts)
    whole, cut = MarkReader(), MarkReader()
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    assert "".join(map(cut.push, pieces)) + cut.flush() == whole.push(text) + whole.flush()
    assert cut.problems == whole.problems


@given(st.sampled_from(NAMES), st.integers(0, 100))
def test_every_share_comes_back(name: str, hundredths: int) -> None:
    _, marks, _ = read(f"<{name}={hundredths / 100}>a</{name}>")
    assert marks == [(0, emotion_of({name: hundredths / 100})), (1, None)]


@given(TEXTS)
def test_places_are_those_of_the_text_without_marks(parts: list[str]) -> None:
    plain, marks, _ = read("".join(parts))
    assert all(0 <= place <= len(plain) + 1 for place, _ in marks)
    assert [place for place, _ in marks] == sorted(place for place, _ in marks)
