"""Tokens of a recipe's own space: alone as the decoder has them, and from clients of `/speak`."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")
pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")

import torch
from tests.engines.recipe.small_models import decoder_of, encoders
from tests.runtime.server.speak.speech_client import Client, speaking

from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.frames import BlendshapeFrame
from facewire.server.server import FaceServer
from facewire.speaking.voices import token_decoder
from facewire.tokens import TokenChunk
from facewire.wire.binary import TokensMessage, encode_tokens
from facewire_engines.phones.engine import load_embedded
from facewire_engines.phones.token_session import PHONETIC
from facewire_engines.recipe.engine import load_recipe
from facewire_engines.recipe.token_session import RecipeTokenDecoder, load_token_decoder
from facewire_engines.token_decoders import open_token_decoder, open_token_decoders
from facewire_training.recipes.tokens_to_faces.decoders.decoder import Speech

COUNT = 50
RATE = 16_000


@pytest.fixture(scope="module")
def decoder(recipe_folders: dict[str, Path]) -> RecipeTokenDecoder:
    return load_token_decoder(recipe_folders["ids"])


@pytest.fixture(scope="module")
def tokens() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 200, COUNT).astype(np.int32)


def frames_of(
    decoder: RecipeTokenDecoder, tokens: np.ndarray, size: int, lookahead_ms: float = 150
) -> list[BlendshapeFrame]:
    session = decoder.session(frame_rate=Fraction(30), lookahead_ms=lookahead_ms)
    frames: list[BlendshapeFrame] = []
    for first in range(0, len(tokens), size):
        piece = tokens[first : first + size]
        frames += session.push(TokenChunk(piece, decoder.space, 0, first, RATE))
    return frames + session.flush()


@pytest.mark.parametrize("lookahead_ms", [0, 80, 150])
def test_faces_are_those_of_the_decoder_to_the_end(
    decoder: RecipeTokenDecoder, tokens: np.ndarray, lookahead_ms: int
) -> None:
    frames = frames_of(decoder, tokens, COUNT, lookahead_ms)
    trained = decoder_of(encoders()["ids"].representation)
    speech = Speech(torch.from_numpy(tokens.astype(np.int64))[None, :, None], torch.tensor([COUNT]))
    whole = trained.faces(speech, 60, torch.Generator(), lookahead_ms=lookahead_ms)[0]
    assert [frame.timestamp for frame in frames] == [16_000 * n // 30 for n in range(60)]
    found = np.stack([frame.weights for frame in frames])
    expected = whole.clamp(0, 1).numpy()
    # A frame's sample is a whole one, up to 62 us early: sometimes a token fewer is there.
    apart = np.abs(found - expected).max(1)
    assert np.median(apart) < 2e-3
    assert (apart > 2e-3).mean() < 0.4
    assert apart[::3].max() < 2e-3  # where the sample is exact


@pytest.mark.parametrize("size", [1, 7])
def test_chunking_does_not_change_the_frames(
    decoder: RecipeTokenDecoder, tokens: np.ndarray, size: int
) -> None:
    whole, pieces = (frames_of(decoder, tokens, one) for one in (COUNT, size))
    assert len(whole) == len(pieces)
    for ours, theirs in zip(pieces, whole, strict=True):
        np.testing.assert_array_equal(ours.weights, theirs.weights)


def test_a_long_lookahead_is_used_as_far_as_it_was_learned(
    decoder: RecipeTokenDecoder, tokens: np.ndarray
) -> None:
    assert decoder.session(lookahead_ms=500).spec.lookahead == 160 * 16
    with pytest.raises(ConfigError, match="look-ahead"):
        decoder.session(lookahead_ms=5000)


def test_other_tokens_are_refused(decoder: RecipeTokenDecoder, tokens: np.ndarray) -> None:
    session = decoder.session()
    with pytest.raises(ValueError, match="expected tokens of 'random-projection'"):
        session.push(TokenChunk(tokens % 40, PHONETIC, 0, 0, RATE))
    with pytest.raises(ValueError, match="token 200 is outside of 'random-projection'"):
        TokenChunk(np.array([200], np.int32), decoder.space, 0, 0, RATE)
    probabilities = np.full((2, 200), 1 / 200, np.float32)
    with pytest.raises(ValueError, match="expected ids"):
        session.push(TokenChunk(probabilities, decoder.space, 0, 0, RATE))
    assert session.push(TokenChunk(tokens, decoder.space, 0, 0, RATE))
    session.close()
    assert session.flush() == []


def test_only_single_ids_are_tokens(recipe_folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="decodes features, and tokens are one id each"):
        load_recipe(recipe_folders["features"]).token_decoder()
    with pytest.raises(ConfigError, match="3 ids in each row"):
        open_token_decoder(str(recipe_folders["levels"]))
    with pytest.raises(ConfigError, match="no decoder in"):
        open_token_decoder(str(tmp_path))
    twice = (str(recipe_folders["ids"]),) * 2
    with pytest.raises(ConfigError, match="two decoders are for tokens of 'random-projection'"):
        open_token_decoders(twice)


async def send(client: Client, turn: int, ids: np.ndarray) -> None:
    await client.tell(type="speech", turn=turn, tokens=True, audio=False)
    message = TokensMessage(ids.astype(np.uint32), 0, turn)
    await client.connection.send(encode_tokens(message))
    await client.tell(type="end_turn", turn=turn)


async def test_clients_send_tokens_of_any_space_that_the_server_decodes(
    decoder: RecipeTokenDecoder, tokens: np.ndarray
) -> None:
    server = FaceServer(
        load_embedded(), make_face, clock=SystemClock(), port=0, decoders=(decoder,)
    )
    async with server:
        async with speaking(server) as client:
            await client.tell(
                type="open", version=1, text=False, pacing="burst", tokens="random-projection"
            )
            hello = await client.told("hello", "error")
            assert hello["tokens"] == {
                "name": "random-projection", "rate": [25, 1], "vocabulary": 200,
            }  # fmt: skip
            await send(client, 1, np.array([3, 200]))
            problem = await client.told("problem")
            assert "outside of 'random-projection', which has 200 classes" in problem["message"]
            await send(client, 2, tokens)
            assert (await client.ends(2))["frames"] == pytest.approx(120, abs=2)
        async with speaking(server) as client:
            await client.tell(type="open", version=1, text=False, pacing="burst")
            assert (await client.told("hello", "error"))["tokens"]["name"] == "phones"
        async with speaking(server) as client:
            await client.tell(type="open", version=1, text=False, pacing="burst", tokens="x")
            assert (await client.told("hello", "error"))["tokens"] is None
            await send(client, 1, tokens)
            problem = await client.told("problem")
            assert "no decoder for tokens of 'x'" in problem["message"]
            assert "'phones' or 'random-projection'" in problem["message"]
            # What came for the turn that was refused is left out in silence.
            assert await client.all_told() == []
            await client.say(2)
            assert (await client.ends(2))["turn"] == 2


def test_a_space_that_is_decoded_twice_is_named_once() -> None:
    engine = load_embedded()
    with pytest.raises(ConfigError, match=r"send those of 'phones', or audio without tokens$"):
        token_decoder(engine, "x", [engine.token_decoder()])
