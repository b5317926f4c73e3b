"""Audio that stops in a vowel: the face comes to rest, frames go on, and audio comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from facewire.audio.format import AudioFormat, Encoding
from facewire.clock import MILLISECOND, SECOND, SystemClock
from facewire.face import make_face
from facewire.frames import Samples
from facewire.server.client_pace import Pace
from facewire.server.server import FaceServer
from facewire.server.session_audio import AudioIntake, PcmPiece
from facewire.server.session_intake import FILL_NS, LONGEST_FILL_NS
from facewire.wire.binary import AudioMessage, WireFrame, decode_frame, encode_audio, encode_samples
from facewire.wire.errors import ProtocolError
from facewire.wire.session import Silence
from facewire_engines.phones.engine import load_embedded

FORMAT = AudioFormat(Encoding.S16LE, 16_000, 1)
CHUNK = 160


class Speaker:
    """A client that speaks in real time."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[WireFrame] = []
        self.said: list[dict[str, Any]] = []

    async def open(self, **options: object) -> None:
        await self.socket.send(json.dumps({"type": "open", "version": 1, "idle": False, **options}))
        await self.socket.recv()

    async def speak(self, samples: Samples, start: int) -> None:
        for place in range(0, len(samples), CHUNK):
            pcm = encode_samples(samples[place : place + CHUNK], Encoding.S16LE)
            await self.socket.send(encode_audio(AudioMessage(pcm, start + place)))
            await asyncio.sleep(CHUNK / 16_000)

    async def read(self) -> None:
        """Take what comes, until the stream ends."""
        async for message in self.socket:
            if isinstance(message, bytes):
                self.frames.append(decode_frame(message))
                continue
            self.said.append(json.loads(message))
            if self.said[-1]["type"] == "end":
                return

    async def end(self) -> None:
        await self.socket.send('{"type": "end"}')


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    async with FaceServer(load_embedded(), make_face, clock=SystemClock(), port=0) as server:
        yield server


async def test_the_mouth_closes_and_frames_go_on(server: FaceServer, speech_like: Samples) -> None:
    async with connect(f"ws://{server.address}/session") as socket:
        speaker = Speaker(socket)
        await speaker.open()
        reading = asyncio.create_task(speaker.read())
        loud = int(np.abs(speech_like).argmax())
        await speaker.speak(speech_like[loud - 4_800 : loud + 1_600], 0)
        await asyncio.sleep(2)
        await speaker.end()
        await reading
    # About 2.4 s of frames, where the audio alone would give 0.4 s; none is missing.
    assert len(speaker.frames) > 100
    assert [frame.index for frame in speaker.frames] == list(range(len(speaker.frames)))
    after = [f for f in speaker.frames if f.timestamp > 6_400 + 8_000]
    assert max(frame.by_name["jawOpen"] for frame in after) < 0.05


async def test_audio_that_comes_back_is_told_where_it_lies(
    server: FaceServer, speech_like: Samples
) -> None:
    async with connect(f"ws://{server.address}/session") as socket:
        speaker = Speaker(socket)
        await speaker.open()
        reading = asyncio.create_task(speaker.read())
        await speaker.speak(speech_like[:3_200], 0)
        await asyncio.sleep(1)
        await speaker.speak(speech_like[3_200:6_400], 3_200)
        await speaker.end()
        await reading
    told, end = speaker.said
    assert (told["type"], told["start"], end["type"]) == ("silence", 3_200, "end")
    assert told["samples"] == told["total"] > 8_000
    assert end["frames"] == -(-(6_400 + told["total"]) * 60 // 16_000)


async def test_audio_behind_a_gap_that_it_declares_lies_where_it_says(
    server: FaceServer, speech_like: Samples
) -> None:
    async with connect(f"ws://{server.address}/session") as socket:
        speaker = Speaker(socket)
        await speaker.open()
        reading = asyncio.create_task(speaker.read())
        await speaker.speak(speech_like[:3_200], 0)
        await asyncio.sleep(0.6)
        # Two seconds are missing, of which the server has filled a part.
        await speaker.speak(speech_like[:1_600], 3_200 + 32_000)
        await speaker.end()
        await reading
    (end,) = speaker.said
    assert end["frames"] == -(-(3_200 + 32_000 + 1_600) * 60 // 16_000)


@pytest.mark.parametrize("options", [{"silence_ms": None}, {"silence_ms": 60_000}])
async def test_a_client_may_do_without(
    server: FaceServer, speech_like: Samples, options: dict[str, object]
) -> None:
    async with connect(f"ws://{server.address}/session") as socket:
        speaker = Speaker(socket)
        await speaker.open(**options)
        reading = asyncio.create_task(speaker.read())
        await speaker.speak(speech_like[:3_200], 0)
        await asyncio.sleep(1)
        await speaker.end()
        await reading
    assert len(speaker.frames) == 12


async def test_an_upload_gets_no_silence(server: FaceServer, speech_like: Samples) -> None:
    async with connect(f"ws://{server.address}/session") as socket:
        speaker = Speaker(socket)
        await speaker.open()
        reading = asyncio.create_task(speaker.read())
        pcm = encode_samples(speech_like, Encoding.S16LE)
        await socket.send(encode_audio(AudioMessage(pcm, 0)))
        await asyncio.sleep(1.5)
        await socket.send(encode_audio(AudioMessage(pcm, len(speech_like))))
        await speaker.end()
        await reading
    assert [message["type"] for message in speaker.said] == ["end"]
    assert len(speaker.frames) == 360


class TestIntake:
    def test_filled_silence_counts_towards_a_declared_gap(self) -> None:
        intake = AudioIntake(FORMAT)
        intake.take(AudioMessage(bytes(320), 0), 0)
        filled = list(intake.fill(250 * MILLISECOND, 0))
        assert sum(len(piece.pcm) for piece in filled) == 8_000
        pieces = intake.take(AudioMessage(b"\1\0" * 160, 160 + 6_000), 0)
        pcm = b"".join(piece.pcm for piece in pieces if isinstance(piece, PcmPiece))
        assert pcm == bytes(4_000) + b"\1\0" * 160
        assert not [p for p in pieces if isinstance(p, Silence)]

    def test_an_hour_of_silence_lasts_an_hour(self) -> None:
        rate = 11_025
        intake, pace = AudioIntake(AudioFormat(Encoding.S16LE, rate, 1)), Pace()
        pace.hear(20 * MILLISECOND, SECOND, 0)
        samples, now = 0, SECOND + 20 * MILLISECOND
        for _ in range(3_600 * SECOND // FILL_NS):
            now += FILL_NS
            filled = intake.fill(pace.fill(now, LONGEST_FILL_NS), now)
            samples += sum(len(piece.pcm) for piece in filled) // 2
        assert samples == 3_600 * rate

    def test_a_long_gap_is_allowed_as_far_as_it_is_filled(self) -> None:
        intake = AudioIntake(FORMAT)
        for _ in range(60):
            list(intake.fill(SECOND, 0))
        with pytest.raises(ProtocolError, match="more than 2 seconds"):
            intake.take(AudioMessage(bytes(2), 62 * 16_000 + 1), 0)
        intake.take(AudioMessage(bytes(2), 62 * 16_000), 0)

    def test_what_was_not_counted_adds_up(self) -> None:
        intake = AudioIntake(FORMAT)
        intake.take(AudioMessage(bytes(320), 0), 0)
        told = []
        for start in (160, 320):
            list(intake.fill(SECOND, 0))
            pieces = intake.take(AudioMessage(bytes(320), start), 0)
            told += [piece for piece in pieces if isinstance(piece, Silence)]
        assert told == [
            Silence(start=160, samples=16_000, total=16_000),
            Silence(start=320, samples=16_000, total=32_000),
        ]
