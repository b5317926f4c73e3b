from hypothesis import given
from hypothesis import strategies as st

from facewire.stream.holding_values import HoldingValues


def test_a_value_holds_from_its_sample_to_the_next() -> None:
    turns = HoldingValues(0)
    turns.add(10, 1)
    turns.add(20, 2)
    assert [turns.at(sample) for sample in (0, 9, 10, 19, 20, 99)] == [0, 0, 1, 1, 2, 2]
    assert turns.last == 2
    assert [turns.advance(sample) for sample in (0, 10, 15, 30)] == [0, 1, 1, 2]
    assert (turns.at(30), turns.last) == (2, 2)


def test_of_two_at_a_sample_the_later_one_holds_and_none_goes_back() -> None:
    felt = HoldingValues("")
    felt.add(10, "a")
    felt.add(10, "b")
    felt.add(5, "c")
    assert (felt.at(9), felt.at(10)) == ("", "c")
    assert felt.waiting == 1


@given(st.lists(st.tuples(st.integers(0, 50), st.integers())), st.lists(st.integers(0, 60)))
def test_advancing_finds_what_looking_finds(
    added: list[tuple[int, int]], samples: list[int]
) -> None:
    looked, advanced = HoldingValues(-1), HoldingValues(-1)
    for start, value in added:
        looked.add(start, value)
        advanced.add(start, value)
    for sample in sorted(samples):
        assert advanced.advance(sample) == looked.at(sample)
