"""Tokens on the clock of their audio: exact at every rate, for ever."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire.frames import StreamSpec
from facewire.tokens import TokenChunk, TokenSpace

RATES = st.sampled_from([Fraction(25), Fraction(50), Fraction(75), Fraction(100), Fraction(43, 2)])
FRAME_RATES = st.sampled_from([Fraction(r) for r in ("24", "30", "60", "30000/1001", "7/3", "240")])
SAMPLE_RATES = st.sampled_from([16_000, 22_050, 24_000, 48_000])
INDICES = st.integers(0, 10**9)


def space(rate: Fraction, vocabulary: int = 10) -> TokenSpace:
    return TokenSpace("test", rate, vocabulary)


@given(INDICES)
def test_five_tokens_of_cosyvoice_are_six_frames_for_ever(index: int) -> None:
    cosyvoice = space(Fraction(25), 6561)
    assert cosyvoice.frame(5 * index, Fraction(30)) == 6 * index
    assert len(cosyvoice.frames(5 * index, 5 * index + 5, Fraction(30))) == 6
    assert len(cosyvoice.frames(5 * index, 5 * index + 5, Fraction(60))) == 12
    assert cosyvoice.sample(index, 24_000) == 960 * index


@given(RATES, FRAME_RATES, INDICES, st.integers(0, 50), st.integers(0, 50))
def test_every_frame_belongs_to_one_token(
    rate: Fraction, frame_rate: Fraction, first: int, one: int, other: int
) -> None:
    tokens = space(rate)
    left = tokens.frames(first, first + one, frame_rate)
    right = tokens.frames(first + one, first + one + other, frame_rate)
    both = tokens.frames(first, first + one + other, frame_rate)
    assert left.stop == right.start
    assert [*left, *right] == [*both]
    for frame in both:
        assert first <= Fraction(frame) / frame_rate * rate < first + one + other


@given(RATES, SAMPLE_RATES, INDICES)
def test_a_token_covers_its_own_samples(rate: Fraction, sample_rate: int, index: int) -> None:
    tokens = space(rate)
    start, end = tokens.sample(index, sample_rate), tokens.sample(index + 1, sample_rate)
    assert tokens.token(start, sample_rate) == index
    assert tokens.token(end - 1, sample_rate) == index
    assert abs(start - index * sample_rate / rate) < 1


@given(RATES, FRAME_RATES, SAMPLE_RATES, INDICES)
def test_frames_and_samples_tell_the_same_order(
    rate: Fraction, frame_rate: Fraction, sample_rate: int, index: int
) -> None:
    tokens, spec = space(rate), StreamSpec(sample_rate, frame_rate, 0)
    first = tokens.frame(index, frame_rate)
    start = tokens.sample(index, sample_rate)
    assert spec.timestamp(first) >= start
    assert first == 0 or spec.timestamp(first - 1) <= start


@given(RATES, SAMPLE_RATES, st.integers(-(10**6), 10**9), st.integers(0, 10**7))
def test_chunks_of_a_turn_join_without_gaps(
    rate: Fraction, sample_rate: int, origin: int, first: int
) -> None:
    ids = np.arange(10, dtype=np.int32)
    chunk = TokenChunk(ids[:7], space(rate), origin, first, sample_rate)
    after = TokenChunk(ids[7:], space(rate), origin, first + 7, sample_rate)
    assert chunk.end == after.start
    assert list(chunk.starts()) == [
        origin + chunk.space.sample(first + i, sample_rate) for i in range(7)
    ]


def test_ids_are_one_hot_and_probabilities_are_kept() -> None:
    chunk = TokenChunk(np.array([2, 0], np.int32), space(Fraction(50), 3), 0, 0, 16_000)
    np.testing.assert_array_equal(chunk.probabilities(), [[0, 0, 1], [1, 0, 0]])
    rows = np.full((4, 3), 1 / 3, np.float32)
    assert TokenChunk(rows, space(Fraction(50), 3), 0, 0, 16_000).probabilities() is rows


@pytest.mark.parametrize("tokens", [np.array([3], np.int32), np.array([-1], np.int32)])
def test_tokens_out_of_vocabulary_are_refused(tokens: np.ndarray) -> None:
    with pytest.raises(ValueError, match="3 classes"):
        TokenChunk(tokens, space(Fraction(50), 3), 0, 0, 16_000)


@pytest.mark.parametrize("shape", [(4, 2), (4, 3, 1)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        TokenChunk(np.zeros(shape, np.float32), space(Fraction(50), 3), 0, 0, 16_000)


def test_impossible_spaces_are_refused() -> None:
    with pytest.raises(ValueError, match="impossible"):
        space(Fraction(0))
