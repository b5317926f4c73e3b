"""The contract of engines (test_streaming.py), on the road of latents."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from facewire import arkit
from facewire.errors import EngineError
from facewire.frames import BlendshapeFrame
from facewire.tokens import TokenChunk, TokenSpace
from facewire_engines.latents.decoder import FOLDER, LatentDecoder, load_latent_decoder
from facewire_engines.latents.session import REACH_MS, LatentSession
from facewire_engines.model_files import EMBEDDED_MODELS
from facewire_engines.phones.engine import load_embedded

COUNT = 240
"""Three seconds."""
STEP = 200
"""Samples that a latent lasts at 16 kHz."""


@pytest.fixture(scope="module")
def decoder() -> LatentDecoder:
    return load_latent_decoder(load_embedded().token_decoder())


@pytest.fixture(scope="module")
def latents(decoder: LatentDecoder) -> np.ndarray:
    """Some that change as speech does: their neighbours are alike."""
    rng = np.random.default_rng(3)
    corners = rng.normal(0, 1.2, (COUNT // 8 + 2, decoder.space.vocabulary))
    places = np.arange(COUNT) / 8
    low = places.astype(int)
    share = (places - low)[:, None]
    found: np.ndarray = (corners[low] * (1 - share) + corners[low + 1] * share).astype(np.float32)
    return found


def chunks(
    decoder: LatentDecoder, latents: np.ndarray, sizes: Sequence[int]
) -> Iterator[TokenChunk]:
    first = 0
    for size in cycle(sizes):
        if first >= len(latents):
            return
        yield TokenChunk(latents[first : first + size], decoder.space, 0, first, 16_000)
        first += size


def frames_of(
    decoder: LatentDecoder,
    latents: np.ndarray,
    sizes: Sequence[int] = (16,),
    session: LatentSession | None = None,
) -> list[BlendshapeFrame]:
    session = session or decoder.session()
    frames = [f for chunk in chunks(decoder, latents, sizes) for f in session.push(chunk)]
    return frames + session.flush()


def weights_of(frames: Sequence[BlendshapeFrame]) -> np.ndarray:
    return np.stack([frame.weights for frame in frames])


@pytest.mark.parametrize("sizes", [(1,), (7,), (1, 40, 3)])
def test_chunking_does_not_change_the_frames(
    decoder: LatentDecoder, latents: np.ndarray, sizes: tuple[int, ...]
) -> None:
    whole, pieces = (frames_of(decoder, latents, s) for s in ((COUNT,), sizes))
    assert [frame.timestamp for frame in pieces] == [frame.timestamp for frame in whole]
    np.testing.assert_array_equal(weights_of(pieces), weights_of(whole))


@pytest.mark.parametrize("lookahead_ms", [0, 150])
def test_frames_do_not_depend_on_latents_past_the_lookahead_and_the_reach(
    decoder: LatentDecoder, latents: np.ndarray, lookahead_ms: float
) -> None:
    changed = latents.copy()
    changed[120:] = latents[119::-1]
    before, after = (
        frames_of(decoder, one, session=decoder.session(lookahead_ms=lookahead_ms))
        for one in (latents, changed)
    )
    reach = (lookahead_ms + REACH_MS) * 16
    blind = np.array([frame.timestamp + reach <= 120 * STEP for frame in before])
    assert blind.sum() > 60
    np.testing.assert_array_equal(weights_of(before)[blind], weights_of(after)[blind])
    assert not np.allclose(weights_of(before)[~blind], weights_of(after)[~blind], atol=1e-3)


@pytest.mark.parametrize("lookahead_ms", [0, 150])
def test_a_frame_leaves_as_soon_as_its_latents_exist(
    decoder: LatentDecoder, latents: np.ndarray, lookahead_ms: float
) -> None:
    session = decoder.session(lookahead_ms=lookahead_ms)
    seen = 0
    for chunk in chunks(decoder, latents, (1,)):
        seen += len(session.push(chunk))
        reach = session.spec.lookahead + REACH_MS * 16
        assert seen >= session.spec.frame_count(max(0, chunk.end - reach))


def test_sessions_are_independent(decoder: LatentDecoder, latents: np.ndarray) -> None:
    other = latents[::-1].copy()
    alone = [frames_of(decoder, latents), frames_of(decoder, other)]
    sessions = decoder.session(), decoder.session()
    together: tuple[list[BlendshapeFrame], list[BlendshapeFrame]] = ([], [])
    pairs = zip(chunks(decoder, latents, (33,)), chunks(decoder, other, (33,)), strict=True)
    for pair in pairs:
        for session, frames, chunk in zip(sessions, together, pair, strict=True):
            frames.extend(session.push(chunk))
    for session, frames, expected in zip(sessions, together, alone, strict=True):
        frames.extend(session.flush())
        np.testing.assert_array_equal(weights_of(frames), weights_of(expected))


@pytest.mark.parametrize("rate", ["24", "60", "30000/1001", "7/3"])
@pytest.mark.parametrize("count", [0, 1, 3, 121, 240])
def test_every_frame_rate_gives_a_frame_for_every_interval(
    decoder: LatentDecoder, latents: np.ndarray, rate: str, count: int
) -> None:
    session = decoder.session(frame_rate=Fraction(rate))
    frames = frames_of(decoder, latents[:count], session=session)
    assert [f.timestamp for f in frames] == [
        session.spec.timestamp(i) for i in range(session.spec.frame_count(count * STEP))
    ]


def test_no_latents_are_a_face_at_rest(decoder: LatentDecoder) -> None:
    frames = frames_of(decoder, np.zeros((COUNT, decoder.space.vocabulary), np.float32))
    weights = weights_of(frames)
    assert weights.min() >= 0
    assert weights[:, arkit.INDEX["jawOpen"]].max() < 0.05
    assert max(frame.speech for frame in frames) < 0.1


def test_turns_are_told_apart(decoder: LatentDecoder, latents: np.ndarray) -> None:
    session = decoder.session()
    frames = session.push(TokenChunk(latents[:80], decoder.space, 0, 0, 16_000, turn=0))
    frames += session.push(TokenChunk(latents[80:], decoder.space, 16_000, 0, 16_000, turn=1))
    frames += session.flush()
    assert [frame.turn for frame in frames] == [int(f.timestamp >= 16_000) for f in frames]


def test_what_does_not_follow_or_fit_is_refused(
    decoder: LatentDecoder, latents: np.ndarray
) -> None:
    session = decoder.session()
    with pytest.raises(ValueError, match="expected latents, got ids"):
        session.push(TokenChunk(np.array([3], np.int32), decoder.space, 0, 0, 16_000))
    with pytest.raises(ValueError, match="sample 0"):
        session.push(TokenChunk(latents, decoder.space, 200, 0, 16_000))
    other = TokenSpace("other", Fraction(80), 192)
    with pytest.raises(ValueError, match="other"):
        session.push(TokenChunk(latents[:, :192], other, 0, 0, 16_000))
    session.close()
    assert session.flush() == []


def test_memory_does_not_grow(decoder: LatentDecoder, latents: np.ndarray) -> None:
    session = decoder.session(frame_rate=Fraction(1))
    for turn in range(10):
        origin = turn * COUNT * STEP
        session.push(TokenChunk(latents, decoder.space, origin, 0, 16_000, turn))
    assert len(session._latents) < 40


def test_another_model_is_no_projector(tmp_path: Path) -> None:
    phones = load_embedded().token_decoder()
    with pytest.raises(EngineError, match="lists no file"):
        load_latent_decoder(phones, EMBEDDED_MODELS / "phones")
    manifest = (FOLDER / "manifest.json").read_text(encoding="utf-8")
    (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(EngineError, match="cannot read the model file"):
        load_latent_decoder(phones, tmp_path)


def test_a_projector_of_latents_of_any_width_is_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")
    graph = onnx.load(str(FOLDER / "projector.onnx"))
    graph.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "C"
    content = graph.SerializeToString()
    (tmp_path / "projector.onnx").write_bytes(content)
    manifest = json.loads((FOLDER / "manifest.json").read_bytes())
    digest = hashlib.sha256(content).hexdigest()
    manifest["files"]["projector.onnx"] |= {"sha256": digest, "bytes": len(content)}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(EngineError, match="is no projector of latents"):
        load_latent_decoder(load_embedded().token_decoder(), tmp_path)
