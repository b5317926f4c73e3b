"""The contract of engines (test_token_session.py), for decoders of CosyVoice's tokens."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from facewire import arkit
from facewire.errors import ConfigError, EngineError
from facewire.frames import BlendshapeFrame
from facewire.tokens import TokenChunk
from facewire_engines.backends.choice import graph_loader, parse_backend
from facewire_engines.cosyvoice.decoder import (
    FILE,
    INPUTS,
    PLACES,
    CosyVoiceDecoder,
    TokenWindow,
    load_decoder,
)
from facewire_engines.cosyvoice.tokens import COSYVOICE2, VOCABULARY, digits, ids_of
from facewire_engines.hearing.id_session import IdSession
from facewire_engines.model_files import EMBEDDED_MODELS
from facewire_engines.phones.token_session import PHONETIC
from facewire_engines.plan_building import build_plans

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

from facewire_training.onnx_folder import export_graph, write_folder  # noqa: E402
from facewire_training.recipes.cosyvoice.export import write_model  # noqa: E402
from facewire_training.recipes.cosyvoice.network import (  # noqa: E402
    Network,
    NetworkConfig,
    PlainEmbedding,
)

RATE = 24_000
COUNT = 250


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads of torch wait for each other on a busy machine; these networks are small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=["plain", "digits"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of random weights."""
    torch.manual_seed(0)
    config = NetworkConfig(embedding=request.param, features=8, width=16, layers=1)
    out: Path = tmp_path_factory.mktemp("model")
    network = Network(config).eval()
    network.out.weight.data *= 4  # so that weights are all over [0, 1]
    write_model(network, COSYVOICE2.name, out, "test")
    return out


@pytest.fixture(scope="module")
def decoder(folder: Path) -> CosyVoiceDecoder:
    return load_decoder(folder)


@pytest.fixture(scope="module")
def tokens() -> np.ndarray:
    """Ten seconds."""
    return np.random.default_rng(1).integers(0, VOCABULARY, COUNT).astype(np.int32)


def chunks(tokens: np.ndarray, sizes: Sequence[int], rate: int = RATE) -> Iterator[TokenChunk]:
    first = 0
    for size in cycle(sizes):
        if first >= len(tokens):
            return
        yield TokenChunk(tokens[first : first + size], COSYVOICE2, 0, first, rate)
        first += size


def frames_of(
    session: IdSession, tokens: np.ndarray, sizes: Sequence[int] = (10,)
) -> list[BlendshapeFrame]:
    rate = session.spec.sample_rate
    frames = [frame for chunk in chunks(tokens, sizes, rate) for frame in session.push(chunk)]
    return frames + session.flush()


def weights_of(frames: Sequence[BlendshapeFrame]) -> np.ndarray:
    return np.stack([frame.weights for frame in frames])


@pytest.mark.parametrize("lookahead_ms", [0, 150, 320])
@pytest.mark.parametrize("sizes", [(1,), (25, 50, 100), (1, 40, 3)])
def test_chunking_does_not_change_the_frames(
    decoder: CosyVoiceDecoder, tokens: np.ndarray, sizes: tuple[int, ...], lookahead_ms: float
) -> None:
    whole = frames_of(decoder.session(lookahead_ms=lookahead_ms), tokens, (COUNT,))
    pieces = frames_of(decoder.session(lookahead_ms=lookahead_ms), tokens, sizes)
    assert [frame.timestamp for frame in pieces] == [frame.timestamp for frame in whole]
    np.testing.assert_array_equal(weights_of(pieces), weights_of(whole))


@pytest.mark.parametrize("lookahead_ms", [0, 100, 320])
def test_frames_do_not_depend_on_tokens_past_the_lookahead(
    decoder: CosyVoiceDecoder, tokens: np.ndarray, lookahead_ms: float
) -> None:
    session = decoder.session(lookahead_ms=lookahead_ms)
    before = frames_of(session, tokens)
    changed = tokens.copy()
    changed[120:] = (changed[120:] + 1 + VOCABULARY // 2) % VOCABULARY
    after = frames_of(decoder.session(lookahead_ms=lookahead_ms), changed)
    blind = np.array([f.timestamp + session.spec.lookahead < 121 * 960 for f in before])
    assert blind.sum() > 200
    np.testing.assert_array_equal(weights_of(before)[blind], weights_of(after)[blind])
    first_seen = int(np.flatnonzero(~blind)[0])
    assert not np.allclose(weights_of(before)[first_seen], weights_of(after)[first_seen])


@pytest.mark.parametrize("lookahead_ms", [0, 100, 320])
def test_a_frame_leaves_as_soon_as_its_lookahead_exists(
    decoder: CosyVoiceDecoder, tokens: np.ndarray, lookahead_ms: float
) -> None:
    session = decoder.session(lookahead_ms=lookahead_ms)
    seen = 0
    for chunk in chunks(tokens, (1,)):
        seen += len(session.push(chunk))
        assert seen >= session.spec.frame_count(max(0, chunk.end - session.spec.lookahead))


def test_five_tokens_are_six_frames_for_ever(decoder: CosyVoiceDecoder, tokens: np.ndarray) -> None:
    session = decoder.session(frame_rate=Fraction(30))
    frames = frames_of(session, tokens)
    assert len(frames) == COUNT * 6 // 5
    assert all(f.timestamp == f.index * 800 for f in frames)
    # A frame at the beginning of a token is the same whichever token it is.
    shifted = frames_of(decoder.session(frame_rate=Fraction(30)), np.roll(tokens, 5))
    np.testing.assert_array_equal(weights_of(frames)[60:200], weights_of(shifted)[66:206])
    hour = 3600 * 25
    assert COSYVOICE2.frames(hour, hour + 5, Fraction(30)) == range(108_000, 108_006)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_faces_are_the_same_on_any_audio_clock(
    folder: Path, decoder: CosyVoiceDecoder, tokens: np.ndarray, rate: int
) -> None:
    at = frames_of(load_decoder(folder, rate).session(frame_rate=Fraction(25)), tokens[:60])
    expected = frames_of(decoder.session(frame_rate=Fraction(25)), tokens[:60])
    np.testing.assert_array_equal(weights_of(at), weights_of(expected))


@pytest.mark.parametrize("rate", ["24", "30000/1001", "60", "100", "7/3"])
def test_every_frame_rate_gives_a_frame_for_every_interval(
    decoder: CosyVoiceDecoder, tokens: np.ndarray, rate: str
) -> None:
    session = decoder.session(frame_rate=Fraction(rate))
    frames = frames_of(session, tokens[:63])
    assert [frame.index for frame in frames] == list(range(session.spec.frame_count(63 * 960)))
    assert [f.timestamp for f in frames] == [session.spec.timestamp(f.index) for f in frames]
    assert all(0 <= frame.speech <= 1 for frame in frames)
    weights = weights_of(frames)
    assert weights.shape[1] == arkit.COUNT
    assert weights.min() >= 0
    assert weights.max() <= 1


def test_sessions_are_independent_and_turns_are_kept(
    decoder: CosyVoiceDecoder, tokens: np.ndarray
) -> None:
    alone = frames_of(decoder.session(), tokens[:100])
    first, second = decoder.session(), decoder.session()
    frames = []
    for chunk in chunks(tokens[:100], (10,)):
        turned = TokenChunk(chunk.tokens, COSYVOICE2, 0, chunk.first, RATE, chunk.first // 50)
        frames += first.push(turned)
        second.push(TokenChunk(chunk.tokens[::-1].copy(), COSYVOICE2, 0, chunk.first, RATE))
    frames += first.flush()
    np.testing.assert_array_equal(weights_of(frames), weights_of(alone))
    assert [f.turn for f in frames] == [int(f.timestamp >= 50 * 960) for f in frames]


def test_a_long_stream_forgets(decoder: CosyVoiceDecoder, tokens: np.ndarray) -> None:
    session = decoder.session(frame_rate=Fraction(1))
    for first in range(0, 20_000, COUNT):
        session.push(TokenChunk(tokens, COSYVOICE2, 0, first, RATE))
    assert isinstance(session._memory, TokenWindow)
    assert len(session._memory._tokens) < 2 * COUNT


def test_what_does_not_fit_is_refused(decoder: CosyVoiceDecoder, tokens: np.ndarray) -> None:
    session = decoder.session()
    with pytest.raises(ValueError, match="cosyvoice2"):
        session.push(TokenChunk(np.zeros(3, np.int32), PHONETIC, 0, 0, 16_000))
    with pytest.raises(ValueError, match="from sample 0"):
        session.push(TokenChunk(tokens, COSYVOICE2, 0, 1, RATE))
    with pytest.raises(ConfigError, match="320 ms"):
        decoder.session(lookahead_ms=400)
    with pytest.raises(ConfigError, match="1 to 240"):
        decoder.session(frame_rate=Fraction(500))


def test_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    embedded = EMBEDDED_MODELS / "phones"
    with pytest.raises(EngineError, match="'phones', not a decoder of CosyVoice"):
        load_decoder(embedded)
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "decoder.onnx").write_bytes(b"x")
    with pytest.raises(EngineError, match="damaged"):
        load_decoder(tmp_path)


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_a_decoder_that_lacks_tokens_is_refused_whatever_runs_it(
    tmp_path: Path, backend: str
) -> None:
    network = Network(NetworkConfig(embedding="plain", features=8, width=16, layers=1)).eval()
    assert isinstance(network.embed, PlainEmbedding)
    network.embed.rows = torch.nn.Embedding(VOCABULARY, 8)  # one for each token, and none for rest
    graph = tmp_path / "whole"
    write_model(Network(network.config), COSYVOICE2.name, graph, "test")
    load_decoder(graph, load=graph_loader(parse_backend(backend)))
    places = torch.zeros(2, PLACES, dtype=torch.int64)
    inputs = places, torch.ones(2, PLACES), torch.rand(2)
    file = export_graph(FILE, network, inputs, INPUTS, ["weights", "speech"])
    write_folder(tmp_path / "few", [file], name=COSYVOICE2.name, command="test", data=())
    with pytest.raises(EngineError, match="does not know all 6561 tokens and rest; export"):
        load_decoder(tmp_path / "few", load=graph_loader(parse_backend(backend)))


def test_digits_and_ids_are_inverse() -> None:
    every = np.arange(VOCABULARY)
    np.testing.assert_array_equal(ids_of(digits(every)), every)
    np.testing.assert_array_equal(digits(np.array([5 + 2 * 3**7]))[0], [2, 1, 0, 0, 0, 0, 0, 2])


@pytest.mark.parametrize("embedding", ["plain", "digits"])
def test_every_back_end_says_the_same(embedding: str, tmp_path: Path) -> None:
    torch.manual_seed(2)
    write_model(Network(NetworkConfig(embedding=embedding)), "cosyvoice2", tmp_path, "test")  # type: ignore[arg-type] # a parameter is any string
    ids = np.random.default_rng(2).integers(0, VOCABULARY, COUNT).astype(np.int32)
    chunk = TokenChunk(ids, COSYVOICE2, 0, 0, RATE)

    def frames(backend: str) -> list[BlendshapeFrame]:
        decoder = load_decoder(tmp_path, load=graph_loader(parse_backend(backend)))
        session = decoder.session()
        return session.push(chunk) + session.flush()

    expected = frames("onnx")
    assert np.stack([frame.weights for frame in expected]).std(0).max() > 0.01
    for backend in ("torch", *(["torch-cuda"] if torch.cuda.is_available() else [])):
        found = frames(backend)
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours.weights, theirs.weights, atol=1e-5)
            assert ours.speech == pytest.approx(theirs.speech, abs=1e-5)


@pytest.mark.parametrize("embedding", ["plain", "digits"])
def test_a_plan_of_it_is_built(embedding: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorrt_rtx", reason="install TensorRT: pip install tensorrt_rtx")
    write_model(Network(NetworkConfig(embedding=embedding)), "cosyvoice2", tmp_path, "test")  # type: ignore[arg-type] # a parameter is any string
    (plan,) = build_plans(str(tmp_path), tmp_path / "plans", targets=("sm_89",))
    assert plan.size > 1000
