"""Rows become frames at any rate, exactly, for hours, and in pieces as in one."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facewire_training.speech_encoders.encoder import Representation
from facewire_training.speech_encoders.rows.rate import RateConversion, RowsToFrames, to_frames

NTSC = Fraction(30_000, 1001)
ROW_RATES = [Fraction(25), Fraction(50), Fraction(75)]
FRAME_RATES = [Fraction(30), Fraction(60), NTSC, Fraction(24), Fraction(100)]
rates = st.builds(
    RateConversion,
    st.sampled_from(ROW_RATES),
    st.sampled_from(FRAME_RATES),
    st.sampled_from([Fraction(0), Fraction(3, 8), Fraction(1, 2), Fraction(1)]),
)


def test_from_25_to_30_the_shares_repeat_every_six_frames() -> None:
    conversion = RateConversion(Fraction(25), Fraction(30), Fraction(0))
    shares = [conversion.place(frame) for frame in range(7)]
    sixths = [0, 5, 4, 3, 2, 1, 0]
    assert shares == [
        (0 if f == 0 else f - 1 if f < 6 else 5, Fraction(s, 6)) for f, s in enumerate(sixths)
    ]
    assert conversion.frames(5) == 6


@pytest.mark.parametrize("rate", ROW_RATES)
@pytest.mark.parametrize("frame_rate", FRAME_RATES)
def test_an_hour_does_not_drift(rate: Fraction, frame_rate: Fraction) -> None:
    conversion = RateConversion(rate, frame_rate)
    last = int(3600 * frame_rate)
    rows, shares, whole = conversion.places(range(last - 600, last))
    for number, frame in enumerate(range(last - 600, last)):
        row, share = conversion.place(frame)
        # The moment of the frame is exactly between the moments of its rows.
        at = (row + share + conversion.middle) / rate
        assert at == Fraction(frame) / frame_rate
        assert (rows[number], Fraction(int(shares[number]), whole)) == (row, share)
    assert conversion.frames(int(3600 * rate)) == -(
        -3600 * frame_rate.numerator // frame_rate.denominator
    )


@given(rates, st.lists(st.integers(0, 40), min_size=1, max_size=8), st.booleans())
def test_pieces_of_any_size_give_what_the_whole_gives(
    conversion: RateConversion, pieces: list[int], ids: bool
) -> None:
    count = sum(pieces)
    generator = np.random.default_rng(count)
    rows: np.ndarray = generator.standard_normal((count, 3)).astype(np.float32)
    if ids:
        rows = generator.integers(0, 99, (count, 2)).astype(np.int32)
    stream, found, at = RowsToFrames(conversion), [], 0
    for size in pieces:
        found.append(stream.push(rows[at : at + size]))
        at += size
        assert sum(map(len, found)) == conversion.ready(at)
    found.append(stream.flush())
    whole = to_frames(rows, conversion)
    assert np.array_equal(np.concatenate(found), whole)
    assert whole.shape == (conversion.frames(count), rows.shape[1])
    assert whole.dtype == rows.dtype


@given(rates, st.integers(1, 200))
def test_frames_lie_on_the_line_that_rows_lie_on(conversion: RateConversion, count: int) -> None:
    moments = [(row + conversion.middle) / conversion.rate for row in range(count)]
    line = np.array([[float(moment)] for moment in moments])
    for frame, value in enumerate(to_frames(line, conversion)[:, 0]):
        expected = min(max(frame / conversion.frame_rate, moments[0]), moments[-1])
        assert value == pytest.approx(float(expected), abs=1e-9)


def test_an_id_is_that_of_the_nearest_moment() -> None:
    conversion = RateConversion(Fraction(25), Fraction(30), Fraction(1, 2))
    frames = to_frames(np.arange(10, dtype=np.int32)[:, None], conversion)[:, 0]
    for frame, row in enumerate(frames):
        distances = [abs((k + conversion.middle) / 25 - Fraction(frame, 30)) for k in range(10)]
        assert row == distances.index(min(distances))


def test_a_whole_hour_streams() -> None:
    conversion = RateConversion.of(Representation("x", "labels", Fraction(25), codebooks=1), NTSC)
    rows = np.arange(25 * 3600, dtype=np.int64)[:, None]
    stream = RowsToFrames(conversion)
    pieces = [stream.push(piece) for piece in np.array_split(rows, 997)]
    frames = np.concatenate([*pieces, stream.flush()])[:, 0]
    assert len(frames) == 107_893
    assert abs(Fraction(int(frames[-1])) / 25 - Fraction(107_892) / NTSC) <= Fraction(1, 25)


def test_impossible_rates_and_no_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="impossible rates"):
        RateConversion(Fraction(0), Fraction(30))
    with pytest.raises(ValueError, match="impossible rates"):
        RateConversion(Fraction(25), Fraction(30), Fraction(3, 2))
    with pytest.raises(ValueError, match="no rows"):
        RowsToFrames(RateConversion(Fraction(25), Fraction(30))).flush()
