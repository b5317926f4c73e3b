"""CosyVoice's turns on `/speak`: the real server, worker, voice and client, over real sockets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire.wire.binary import WireFrame
from facewire_client import AudioRun, Problem, ServerError, SpeakClient, TurnEnds
from facewire_engines.phones.engine import PhonesEngine, load_embedded
from facewire_engines.voices.cosyvoice.settings import CosyVoiceSettings

pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

Settings = Callable[..., CosyVoiceSettings]
Recording = tuple[np.ndarray, np.ndarray]
WriteVoice = Callable[..., str]

WRITTEN = ("address", "prompt_wav", "prompt_text", "decoder")


@pytest.fixture(scope="module")
def engine() -> PhonesEngine:
    return load_embedded()


@pytest.fixture
def write_voice(settings: Settings, tmp_path: Path) -> WriteVoice:
    """Return what writes the file of a voice, and tells the voice's name."""

    def write(**more: Any) -> str:
        path = tmp_path / "ann.toml"
        asked = msgspec.to_builtins(settings(**more))
        path.write_text("".join(f"{key} = {json.dumps(asked[key])}\n" for key in WRITTEN))
        return f"cosyvoice:{path}"

    return write


@pytest.fixture
def decoder(tmp_path: Path) -> str:
    """Return the folder of a small decoder of CosyVoice2's tokens, of random weights."""
    pytest.importorskip("onnx", reason="install onnx: pip install -e '.[train]'")
    from facewire_engines.cosyvoice.tokens import COSYVOICE2
    from facewire_training.recipes.cosyvoice.export import write_model
    from facewire_training.recipes.cosyvoice.network import Network, NetworkConfig

    folder = tmp_path / "decoder"
    network = Network(NetworkConfig(embedding="digits", features=8, width=16, layers=1)).eval()
    write_model(network, COSYVOICE2.name, folder, "test")
    return str(folder)


def serve(engine: PhonesEngine, *voices: str) -> FaceServer:
    return FaceServer(engine, make_face, clock=SystemClock(), port=0, voices=voices)


async def spoken(server: FaceServer, *texts: str, **options: Any) -> tuple[list[Any], SpeakClient]:
    """Return all that a client is told of some turns."""
    client = SpeakClient(f"ws://{server.address}", pacing="burst", **options)
    async with client:
        for text in texts:
            await client.say(text)
        await client.end()
        return [event async for event in client], client


def of(kind: type[Any], events: list[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("decoded", [True, False])
async def test_who_names_no_voice_hears_the_servers_first(
    engine: PhonesEngine,
    write_voice: WriteVoice,
    recording: Recording,
    request: pytest.FixtureRequest,
    decoded: bool,
) -> None:
    voice = write_voice(decoder=request.getfixturevalue("decoder") if decoded else "")
    async with serve(engine, voice) as server:
        events, client = await spoken(server, "Hello.", "Hello again.", frame_rate=30)
    assert client.hello.sample_rate == (24_000 if decoded else 16_000)
    assert not of(Problem, events)
    ends = of(TurnEnds, events)
    seconds = len(recording[1]) / 24_000
    assert [end.frames for end in ends] == pytest.approx([30 * seconds] * 2, abs=1)
    audio = np.concatenate([run.samples for run in of(AudioRun, events)])
    assert len(audio) / client.hello.sample_rate == pytest.approx(2 * seconds, abs=0.1)
    if decoded:
        np.testing.assert_allclose(audio[: len(recording[1])], recording[1], atol=1 / 32_000)
    mouths = np.array([frame.weights for frame in of(WireFrame, events)])
    assert mouths.std(0).max() > 0.01


async def test_faces_do_not_wait_for_the_sound(
    engine: PhonesEngine, write_voice: WriteVoice, decoder: str, served: Any
) -> None:
    """40 tokens are chosen, 1.6 s, before the worker stalls with the sound of 21 of them."""
    async with (
        serve(engine, write_voice(decoder=decoder)) as server,
        SpeakClient(f"ws://{server.address}", pacing="burst", audio=False, frame_rate=30) as client,
    ):
        await client.say("stall")
        faces = 0
        async for event in client:
            faces += isinstance(event, WireFrame)
            # The decoder looks 150 ms ahead, into tokens that exist.
            if faces == (1.6 - 0.15) * 30 // 1:
                served.stand_in.stalled.set()
            if isinstance(event, TurnEnds):
                break
    assert faces > 200


async def test_a_voice_that_fails_ends_its_turn_with_its_sound(
    engine: PhonesEngine, write_voice: WriteVoice, decoder: str
) -> None:
    """Tokens that came before the failure have faces, but no sound: those are not shown."""
    async with serve(engine, write_voice(decoder=decoder)) as server:
        events, _ = await spoken(server, "break", "Hello.", frame_rate=30)
    assert [problem.turn for problem in of(Problem, events)] == [1]
    first, second = of(TurnEnds, events)
    heard = [run for run in of(AudioRun, events) if run.turn == 1]
    samples = sum(len(run.samples) for run in heard)
    assert first.frames <= samples * 30 / 24_000 + 1
    assert second.frames > 200


async def test_clients_name_the_embedded_voices_too_but_no_file(
    engine: PhonesEngine, write_voice: WriteVoice
) -> None:
    pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")
    voice = write_voice()
    async with serve(engine, voice) as server:
        events, _ = await spoken(server, "Hello.", voice="f2")
        assert 10 < of(TurnEnds, events)[0].frames < 120
        with pytest.raises(ServerError):
            await spoken(server, "Hello.", voice=voice.replace("ann", "bob"))
        events, _ = await spoken(server, "Hello.", voice=voice)
        assert of(TurnEnds, events)[0].frames > 500


async def test_a_worker_that_is_gone_is_told_to_the_client(
    engine: PhonesEngine, write_voice: WriteVoice
) -> None:
    async with serve(engine, write_voice(address="127.0.0.1:9")) as server:
        with pytest.raises(ServerError, match="no CosyVoice worker answers"):
            await spoken(server, "Hello.")
