"""What a client says that its speaker feels, over real sockets."""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.clients.python.speaking.heard import url

from facewire import arkit
from facewire.clock import SystemClock
from facewire.face import Profile, make_face
from facewire.face.lips import SHUT, lip_gap
from facewire.frames import Samples, StreamSpec
from facewire.server.server import FaceServer
from facewire.wire.binary import WireFrame
from facewire_client import FaceClient, Problem, ServerError, SpeakClient, Words
from facewire_engines.phones.engine import load_embedded

SMILE, FROWN = arkit.INDEX["mouthSmileLeft"], arkit.INDEX["browDownLeft"]
RATE = 16_000

Felt = Mapping[str, float] | None
CLIP = Path(__file__).parents[3] / "runtime" / "facewire" / "assets" / "demo.flac"


@pytest.fixture(scope="module")
def speech() -> Samples:
    samples: Samples = soundfile.read(CLIP, frames=40_000, dtype="float32")[0]
    return samples


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    def face(spec: StreamSpec, **options: object) -> object:
        sad = Profile(emotion={"sad": 1.0}, live_transition_time=0.2)
        return make_face(spec, sad, idle=False)

    async with FaceServer(load_embedded(), face, clock=SystemClock(), port=0) as running:  # type: ignore[arg-type] # it has one profile for all
        yield running


async def faces(
    server: FaceServer, runs: Sequence[tuple[Samples, Felt]], piece: int, **options: object
) -> list[WireFrame]:
    """Return the faces of audio in which each run is felt in its own way."""
    client = FaceClient(url(server), **{"emotion": {}, **options})  # type: ignore[arg-type] # by name
    async with client:
        for samples, felt in runs:
            await client.set_emotion(felt)
            for start in range(0, len(samples), piece):
                await client.send(samples[start : start + piece])
        await client.end()
        return [frame async for frame in client]


def weights(frames: Sequence[WireFrame]) -> np.ndarray:
    return np.array([frame.weights for frame in frames])


@pytest.mark.parametrize("options", [{}, {"provisional": True, "lookahead_ms": 40}])
async def test_it_holds_from_the_audio_that_comes_next_whatever_its_pieces(
    server: FaceServer, speech: Samples, options: dict[str, object]
) -> None:
    runs = [(speech[:16_000], {"happy": 1.0}), (speech[16_000:32_000], {"angry": 1.0})]
    whole = await faces(server, runs, 16_000, **options)
    for piece in (37, 800):
        other = await faces(server, runs, piece, **options)
        np.testing.assert_array_equal(weights(other), weights(whole))
    last = [frame for frame in whole if not frame.provisional]
    neutral = weights(await faces(server, [(speech[:32_000], {})], 16_000))
    more = weights(last) - neutral
    assert more[:60, SMILE].max() > 0.3
    assert more[:60, FROWN].max() < 0.01
    # It eases from one to the other, from the first face whose sample is in the second run.
    assert 0.01 < more[60, FROWN] < 0.2
    assert more[90:, FROWN].min() > 0.4
    assert max(np.abs(after - before) for before, after in pairwise(more[:, FROWN])) < 0.2


async def test_lips_that_meet_go_on_meeting(server: FaceServer, speech: Samples) -> None:
    neutral = lip_gap(weights(await faces(server, [(speech, {})], 16_000)))
    met = neutral <= SHUT - 0.003
    assert met.sum() > 10
    for name in ("happy", "sad", "surprised"):
        felt = lip_gap(weights(await faces(server, [(speech, {name: 1.0})], 16_000)))
        np.testing.assert_allclose(felt, neutral, atol=0.003)
        assert felt[met].max() <= SHUT


async def test_null_is_what_the_servers_profile_says(server: FaceServer, speech: Samples) -> None:
    brow = arkit.INDEX["browInnerUp"]
    own = weights(await faces(server, [(speech, None)], 16_000, emotion=None))
    none = weights(await faces(server, [(speech, {})], 16_000))
    assert (own - none)[:, brow].min() > 0.5


@pytest.mark.parametrize(
    ("emotion", "says"),
    [({"joyful": 1.0}, "there is no emotion 'joyful'"), ({"sad": 2.0}, "sad is from 0 to 1")],
)
async def test_what_is_no_emotion_is_refused_in_a_sentence(
    server: FaceServer, emotion: dict[str, float], says: str
) -> None:
    for client in (
        FaceClient(url(server), emotion=emotion),
        SpeakClient(url(server), text=False, emotion=emotion),
    ):
        with pytest.raises(ServerError, match=says) as refused:
            async with client:
                pass
        assert refused.value.code == "unsupported"
    async with FaceClient(url(server)) as client:
        with pytest.raises(ValueError, match=says):
            await client.set_emotion(emotion)


async def test_marks_in_a_text_are_felt_at_their_words_and_wrong_ones_are_told(
    server: FaceServer,
) -> None:
    pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")
    options = {"voice": "espeak", "pacing": "burst", "emotion": {}}
    async with SpeakClient(url(server), **options) as speaker:  # type: ignore[arg-type] # by name
        await speaker.say(pieces("<happy>We won!</happy> And <angry=0.8>they lost.", 3))
        await speaker.end()
        events = [event async for event in speaker]
    words = [word for event in events if isinstance(event, Words) for word in event.words]
    assert [word.word for word in words] == ["We", "won!", "And", "they", "lost."]
    frames = [event for event in events if isinstance(event, WireFrame) and event.turn]
    place = {word.word: (word.start, word.end) for word in words}
    felt = {
        word: weights([frame for frame in frames if start <= frame.timestamp < end])
        for word, (start, end) in place.items()
    }
    assert felt["We"][:, FROWN].max() < 0.01
    assert felt["won!"][:, SMILE].max() > 0.3
    assert felt["And"][0, FROWN] < 0.05
    assert felt["lost."][:, FROWN].min() > 0.5
    assert felt["lost."][:, SMILE].max() < 0.3
    (problem,) = [event for event in events if isinstance(event, Problem)]
    assert problem.message.startswith("<angry> holds to the end")


async def pieces(text: str, size: int) -> AsyncIterator[str]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


async def test_a_turn_of_speech_feels_what_the_stream_does(
    server: FaceServer, speech: Samples
) -> None:
    smiles = []
    for felt in ({}, {"happy": 1.0}):
        async with SpeakClient(url(server), text=False, pacing="burst", emotion={}) as speaker:
            await speaker.set_emotion(felt)
            turn = await speaker.begin()
            await speaker.send_audio(turn, speech)
            await speaker.end_turn(turn)
            await speaker.end()
            frames = [event async for event in speaker if isinstance(event, WireFrame)]
        smiles.append(weights([frame for frame in frames if frame.turn])[:, SMILE])
    assert (smiles[1] - smiles[0]).max() > 0.3


@pytest.mark.parametrize("piece", [16_000, 1_000])
async def test_what_the_voice_tells_is_shown_on_a_session(server: FaceServer, piece: int) -> None:
    sound = raised_at_last()
    plain = weights(await faces(server, [(sound, {})], 16_000))
    felt = weights(await faces(server, [(sound, {"voice": 1.0})], piece))
    rise = (felt - plain)[:, arkit.INDEX["browOuterUpLeft"]]
    assert np.abs(rise[:60]).max() < 0.001
    assert rise[-90:].mean() > 0.08


async def test_what_the_voice_tells_is_shown_of_speech_that_is_sent(server: FaceServer) -> None:
    brows = []
    for felt in ({}, {"voice": 1.0}):
        options = {"text": False, "pacing": "burst", "emotion": felt}
        async with SpeakClient(url(server), **options) as speaker:  # type: ignore[arg-type] # by name
            turn = await speaker.begin()
            await speaker.send_audio(turn, raised_at_last())
            await speaker.end_turn(turn)
            await speaker.end()
            frames = [event async for event in speaker if isinstance(event, WireFrame)]
        shown = weights([frame for frame in frames if frame.turn])
        brows.append(shown[:, arkit.INDEX["browOuterUpLeft"]])
    rise = brows[1] - brows[0]
    assert np.abs(rise[:60]).max() < 0.001
    assert rise[-90:].mean() > 0.08


def raised_at_last() -> Samples:
    """Return somebody who reads calmly, and then louder and higher."""
    read = np.resize(soundfile.read(CLIP, dtype="float32")[0], 18 * RATE)
    higher = np.interp(np.arange(10 * RATE, 17 * RATE, 1.3), np.arange(len(read)), read)
    return np.concatenate([0.3 * read[: 10 * RATE], higher]).astype(np.float32)
