"""Texts that an avatar says: what the loudspeaker played, and the face beside it."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import numpy as np
import pytest
import websockets.asyncio.server
from numpy.typing import NDArray
from tests.clients.unity.live import FACEWIRE, PATIENCE_S
from tests.clients.unity.mono import Program, Running
from tests.free_port import free_port
from websockets.asyncio.client import connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from facewire.wire.binary import AUDIO_KIND, decode_audio

pytest.importorskip("espeakng_loader", reason="pip install -e '.[tts]'")

TEXT = "Bob bought my puppy a map."
LONG = f"{TEXT} Hello there, my friend, how are you today? I am well, and the sun is out."
SHAPES = ("jawOpen", "mouthClose", "mouthPucker")


@pytest.fixture
def server() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [str(FACEWIRE), "serve", "--port", str(port), "--seed", "1"],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        # Who comes before the server is up comes again.
        yield f"ws://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


class Listener:
    """Stands between a client and its server, and keeps the sound that goes by."""

    def __init__(self, server: str) -> None:
        self._server = server
        self.sent: dict[int, NDArray[np.int64]] = {}
        """Of each turn, 16-bit samples."""

    async def pass_on(self, client: ServerConnection) -> None:
        assert client.request is not None
        async with connect(self._server + client.request.path, max_size=None) as server:
            there = asyncio.create_task(self._copy(client, server))
            await self._copy(server, client)
            there.cancel()

    async def _copy(self, source: Connection, target: Connection) -> None:
        with suppress(ConnectionClosed):
            async for message in source:
                if isinstance(message, bytes) and message[0] == AUDIO_KIND:
                    audio = decode_audio(message)
                    run = np.frombuffer(audio.pcm, "<i2").astype(np.int64)
                    before = self.sent.get(audio.turn, np.zeros(0, np.int64))
                    self.sent[audio.turn] = np.concatenate([before, run])
                await target.send(message)
        await target.close()


@asynccontextmanager
async def listening(server: str) -> AsyncIterator[tuple[str, Listener]]:
    listener = Listener(server)
    async with websockets.asyncio.server.serve(listener.pass_on, "127.0.0.1", 0) as door:
        port = door.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}", listener


def played(program: Running) -> NDArray[np.int64]:
    return np.array(program.of("sound ")[-1].split()[1:], np.int64)


async def test_the_loudspeaker_plays_what_the_server_sent_and_the_face_is_of_what_is_heard(
    scene: Program, server: str
) -> None:
    async with listening(server) as (address, listener):
        program = await asyncio.to_thread(say_twice, scene, address)
    sound = played(program)
    for turn in (1, 2):
        begin, last = place(program, "turn", turn), place(program, "turn_end", turn)
        sent = listener.sent[turn]
        assert last - begin + 1 == len(sent)
        assert np.abs(sent).max() > 3_000
        np.testing.assert_array_equal(sound[begin : last + 1], sent)
        sound[begin : last + 1] = 0
    assert not sound.any()
    # Each face belongs to the sample that was heard when it was shown.
    pairs = [
        (float(face.split()[1]) * 16_000, float(heard.split()[1]))
        for face, heard in pairwise(program.lines)
        if face.startswith("shown ") and heard.startswith("heard ")
    ]
    shown, heard = np.array(pairs).T
    assert len(shown) > 200
    # Where the next face is not there yet, the last one stays.
    assert np.all(shown <= heard + 0.01)
    speaking = (heard > begin) & (heard < last - 2_000)
    assert np.mean(np.abs(shown - heard)[speaking] < 0.01) > 0.9
    weights = np.array([line.split()[2:5] for line in program.of("shown ")], float)
    assert weights[:, 0].max() > 20


def say_twice(scene: Program, address: str) -> Running:
    with scene.running("speech", address, *SHAPES) as program:
        program.wait_for("ready")
        for turn in (1, 2):
            program.say(TEXT)
            program.wait_for(f"turn_end {turn} ")
            wait_until_heard(program, place(program, "turn_end", turn) + 8_000)
        program.end()
    return program


async def test_an_interrupt_is_heard_at_once_and_the_next_text_is_whole(
    scene: Program, server: str
) -> None:
    async with listening(server) as (address, listener):
        program, told = await asyncio.to_thread(interrupt, scene, address)
    sound = played(program)
    begin, last = place(program, "turn", 1), place(program, "interrupted", 1)
    heard = last - begin + 1
    assert 16_000 < heard < len(listener.sent[1])
    np.testing.assert_array_equal(sound[begin : last + 1], listener.sent[1][:heard])
    second, end = place(program, "turn", 2), place(program, "turn_end", 2)
    # What is in the buffer is heard to its end, and nothing after it.
    assert last - told < 12_000
    assert not sound[last + 1 : second].any()
    np.testing.assert_array_equal(sound[second : end + 1], listener.sent[2])


def interrupt(scene: Program, address: str) -> tuple[Running, float]:
    with scene.running("speech", address, *SHAPES) as program:
        program.wait_for("ready")
        program.say(LONG)
        program.wait_for("turn 1 ")
        wait_until_heard(program, place(program, "turn", 1) + 17_000)
        program.say("interrupt")
        program.wait_for("interrupted 1 ")
        told = float(program.of("heard ")[-1].split()[1])
        wait_until_heard(program, told + 8_000)
        program.say(TEXT)
        program.wait_for("turn_end 2 ")
        wait_until_heard(program, place(program, "turn_end", 2) + 4_000)
        program.end()
    return program, told


def place(program: Running, message: str, turn: int) -> int:
    return int(program.of(f"{message} {turn} ")[0].split()[2])


def wait_until_heard(program: Running, sample: float) -> None:
    while True:
        line = program.wait_for("heard ", count=len(program.of("heard ")) + 1)
        if float(line.split()[1]) >= sample:
            return
