"""The contract of engines (test_streaming.py), on the road of tokens."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle

import numpy as np
import pytest

from facewire import arkit
from facewire.clock import ManualClock
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame
from facewire.speaking.voices import token_decoder
from facewire.tokens import TokenChunk, TokenSpace
from facewire_engines.energy.engine import EnergyEngine
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.phone_set import INDEX, PHONES
from facewire_engines.phones.token_session import (
    PHONETIC,
    PhonesTokenDecoder,
    PhonesTokenSession,
)

SAID = ("sil", "hh", "ae", "p", "iy", "b", "ow", "t", "sil", "m", "ay", "m", "ah", "f", "ay", "v")
LENGTHS = (7, 20, 6, 11, 8, 9, 5, 14)


@pytest.fixture(scope="module")
def decoder() -> PhonesTokenDecoder:
    return load_embedded().token_decoder()


@pytest.fixture(scope="module")
def tokens() -> np.ndarray:
    """Four seconds of phones."""
    spoken = [INDEX[p] for p, n in zip(cycle(SAID), LENGTHS * 5, strict=False) for _ in range(n)]
    return np.array(spoken[:400], np.int32)


def chunks(tokens: np.ndarray, sizes: Sequence[int]) -> Iterator[TokenChunk]:
    first = 0
    for size in cycle(sizes):
        if first >= len(tokens):
            return
        yield TokenChunk(tokens[first : first + size], PHONETIC, 0, first, 16_000)
        first += size


def frames_of(
    session: PhonesTokenSession, tokens: np.ndarray, sizes: Sequence[int] = (10,)
) -> list[BlendshapeFrame]:
    frames = [frame for chunk in chunks(tokens, sizes) for frame in session.push(chunk)]
    return frames + session.flush()


def weights_of(frames: Sequence[BlendshapeFrame]) -> np.ndarray:
    return np.stack([frame.weights for frame in frames])


@pytest.mark.parametrize("lookahead_ms", [0, 60, 150])
@pytest.mark.parametrize("sizes", [(1,), (7,), (100,), (1, 40, 3)])
def test_chunking_does_not_change_the_frames(
    decoder: PhonesTokenDecoder, tokens: np.ndarray, sizes: tuple[int, ...], lookahead_ms: float
) -> None:
    whole = frames_of(decoder.session(lookahead_ms=lookahead_ms), tokens, (len(tokens),))
    pieces = frames_of(decoder.session(lookahead_ms=lookahead_ms), tokens, sizes)
    assert [frame.timestamp for frame in pieces] == [frame.timestamp for frame in whole]
    np.testing.assert_array_equal(weights_of(pieces), weights_of(whole))


@pytest.mark.parametrize("lookahead_ms", [0, 40, 80, 150])
def test_frames_do_not_depend_on_tokens_past_the_lookahead(
    decoder: PhonesTokenDecoder, tokens: np.ndarray, lookahead_ms: float
) -> None:
    session = decoder.session(lookahead_ms=lookahead_ms)
    before = frames_of(session, tokens)
    changed = tokens.copy()
    changed[200:] = np.random.default_rng(0).integers(1, len(PHONES), len(tokens) - 200)
    after = frames_of(decoder.session(lookahead_ms=lookahead_ms), changed)
    blind = np.array([f.timestamp + session.spec.lookahead <= 200 * 160 for f in before])
    assert blind.sum() > 100
    np.testing.assert_array_equal(weights_of(before)[blind], weights_of(after)[blind])
    assert not np.allclose(weights_of(before)[~blind], weights_of(after)[~blind], atol=1e-3)


@pytest.mark.parametrize("lookahead_ms", [0, 40, 150])
def test_a_frame_leaves_as_soon_as_its_lookahead_exists(
    decoder: PhonesTokenDecoder, tokens: np.ndarray, lookahead_ms: float
) -> None:
    session = decoder.session(lookahead_ms=lookahead_ms)
    seen = 0
    for chunk in chunks(tokens, (1,)):
        seen += len(session.push(chunk))
        due = session.spec.frame_count(max(0, chunk.end - session.spec.lookahead))
        assert seen >= due


def test_sessions_are_independent(decoder: PhonesTokenDecoder, tokens: np.ndarray) -> None:
    other = tokens[::-1].copy()
    alone = [frames_of(decoder.session(), tokens), frames_of(decoder.session(), other)]
    sessions = decoder.session(), decoder.session()
    together: tuple[list[BlendshapeFrame], list[BlendshapeFrame]] = ([], [])
    for pair in zip(chunks(tokens, (33,)), chunks(other, (33,)), strict=True):
        for session, frames, chunk in zip(sessions, together, pair, strict=True):
            frames.extend(session.push(chunk))
    for session, frames, expected in zip(sessions, together, alone, strict=True):
        frames.extend(session.flush())
        np.testing.assert_array_equal(weights_of(frames), weights_of(expected))


@pytest.mark.parametrize("rate", ["24", "30", "60", "30000/1001", "60000/1001", "100", "7/3"])
def test_every_frame_rate_gives_a_frame_for_every_interval(
    decoder: PhonesTokenDecoder, tokens: np.ndarray, rate: str
) -> None:
    session = decoder.session(frame_rate=Fraction(rate))
    frames = frames_of(session, tokens[:313])
    assert len(frames) == session.spec.frame_count(313 * 160)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert [f.timestamp for f in frames] == [session.spec.timestamp(f.index) for f in frames]


def test_weights_are_in_range_and_lips_follow_the_phones(
    decoder: PhonesTokenDecoder, tokens: np.ndarray
) -> None:
    frames = frames_of(decoder.session(), tokens)
    weights = weights_of(frames)
    assert weights.min() >= 0
    assert weights.max() <= 1
    jaw = weights[:, arkit.INDEX["jawOpen"]] - weights[:, arkit.INDEX["mouthClose"]]
    said = [PHONES[tokens[frame.timestamp // 160]] for frame in frames]
    shut = jaw[np.isin(said, ("p", "b", "m"))].mean()
    wide = jaw[np.isin(said, ("ae", "ay"))].mean()
    assert shut < wide / 2
    silent = np.array([frame.speech for frame in frames])
    assert silent[np.array(said) == "sil"].mean() < 0.2
    assert silent[np.array(said) != "sil"].mean() > 0.8


def test_probabilities_are_taken_like_ids(decoder: PhonesTokenDecoder, tokens: np.ndarray) -> None:
    rows = np.eye(len(PHONES), dtype=np.float32)[tokens]
    np.testing.assert_array_equal(
        weights_of(frames_of(decoder.session(), rows)),
        weights_of(frames_of(decoder.session(), tokens)),
    )


def test_a_known_effort_changes_the_face(decoder: PhonesTokenDecoder, tokens: np.ndarray) -> None:
    chunk = next(chunks(tokens, (len(tokens),)))
    effort = np.full(len(tokens), 1.0, np.float32)
    loud = weights_of(decoder.session().push(chunk, effort))
    soft = weights_of(decoder.session().push(chunk, -effort))
    jaw = arkit.INDEX["jawOpen"]
    assert loud[:, jaw].mean() > soft[:, jaw].mean() + 0.02


def test_turns_are_told_apart_and_continue_the_stream(
    decoder: PhonesTokenDecoder, tokens: np.ndarray
) -> None:
    session = decoder.session()
    frames = session.push(TokenChunk(tokens[:100], PHONETIC, 0, 0, 16_000, turn=0))
    frames += session.push(TokenChunk(tokens[100:200], PHONETIC, 16_000, 0, 16_000, turn=1))
    frames += session.push(TokenChunk(tokens[200:], PHONETIC, 32_000, 0, 16_000, turn=2))
    frames += session.flush()
    assert [f.turn for f in frames] == [min(f.timestamp // 16_000, 2) for f in frames]
    np.testing.assert_array_equal(
        weights_of(frames), weights_of(frames_of(decoder.session(), tokens))
    )


@pytest.mark.parametrize("count", [0, 1, 2, 16])
@pytest.mark.parametrize("lookahead_ms", [0, 150])
def test_very_short_streams_end_in_order(
    decoder: PhonesTokenDecoder, tokens: np.ndarray, count: int, lookahead_ms: float
) -> None:
    session = decoder.session(lookahead_ms=lookahead_ms)
    frames = frames_of(session, tokens[:count])
    assert len(frames) == session.spec.frame_count(count * 160)


def test_memory_does_not_grow(decoder: PhonesTokenDecoder, tokens: np.ndarray) -> None:
    session = decoder.session(frame_rate=Fraction(1))
    for turn in range(50):
        session.push(TokenChunk(tokens, PHONETIC, turn * len(tokens) * 160, 0, 16_000, turn))
    assert len(session._rows) < 3 * len(tokens)
    assert len(session._intake._turns) < 3


def test_gaps_and_other_spaces_are_refused(decoder: PhonesTokenDecoder, tokens: np.ndarray) -> None:
    session = decoder.session()
    with pytest.raises(ValueError, match="sample 0"):
        session.push(TokenChunk(tokens, PHONETIC, 160, 0, 16_000))
    with pytest.raises(ValueError, match="24000"):
        session.push(TokenChunk(tokens, PHONETIC, 0, 0, 24_000))
    with pytest.raises(ValueError, match="other"):
        session.push(TokenChunk(tokens, TokenSpace("other", Fraction(25), 6561), 0, 0, 16_000))
    session.flush()
    with pytest.raises(ValueError, match="ended"):
        session.push(TokenChunk(tokens, PHONETIC, 0, 0, 16_000))


def test_impossible_wishes_are_the_users_mistake(decoder: PhonesTokenDecoder) -> None:
    with pytest.raises(ConfigError, match="look-ahead"):
        decoder.session(lookahead_ms=160)
    with pytest.raises(ConfigError, match="frames"):
        decoder.session(frame_rate=Fraction(1000))
    with pytest.raises(ConfigError, match="phones"):
        token_decoder(EnergyEngine())


def test_stamps_come_in_order_from_the_clock(
    decoder: PhonesTokenDecoder, tokens: np.ndarray
) -> None:
    frames = frames_of(decoder.session(clock=ManualClock(now=1_000)), tokens)
    for frame in frames:
        assert frame.stamps.started == frame.stamps.encoded == frame.stamps.decoded == 1_000
