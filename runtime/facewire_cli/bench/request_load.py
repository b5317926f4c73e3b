"""Clients that send whole recordings and time the answers, in a process of their own.

    python -m facewire_cli.bench.request_load '{"url": "ws://127.0.0.1:8765/session", "clips": [5]}'

Each request is a connection of its own. It says what it wants, sends the recording as fast as the
server takes it, a second of sound a message, and reads until the stream has ended. The result is
JSON: for each clip its requests, in the order in which they ended.
"""

import asyncio
import random
import sys
from typing import Literal

import msgspec
import numpy as np
import soxr
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from facewire.audio.format import Encoding
from facewire.clock import Clock, SystemClock
from facewire.frames import Samples
from facewire.sources.sound_file import SoundFile
from facewire.wire.binary import VERSION, AudioMessage, encode_audio, encode_samples
from facewire.wire.messages import End, Ended, encode_message
from facewire.wire.session import OpenSession, decode_session_answer
from facewire_cli.demo import demo_clip

SEED = 45
PATIENCE_S = 20.0
"""How long one request may take."""


class Clip(msgspec.Struct, frozen=True):
    """What is sent."""

    seconds: int
    sample_rate: int
    """Hz."""


class RequestPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the clients do."""

    url: str
    clips: tuple[Clip, ...]
    recording: str = ""
    """Speech that the clips are cut from, again and again; the bundled clip by default."""
    requests: int = 1
    """For each clip."""
    streams: int = 1
    """How many are under way at the same time, at most."""
    frame_rate: str = "30"
    lookahead_ms: float = 80.0
    stagger_s: float = 1.0
    """Each request waits a random time up to this first, where several streams are under way."""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """When a request's answers came, in ns since just before it connected."""

    first_message: int
    first_frame: int
    ended: int
    frames: int


Outcome = Answer | Literal["failed"]


async def run_plan(plan: RequestPlan, clock: Clock) -> list[list[Outcome]]:
    """Make all requests, clip after clip."""
    recording = plan.recording or demo_clip()
    waits = random.Random(SEED)
    found = []
    for clip in plan.clips:
        messages = _messages(recording, clip)
        free = asyncio.Semaphore(plan.streams)
        delays = [waits.random() * plan.stagger_s for _ in range(plan.requests)]
        async with asyncio.TaskGroup() as tasks:
            asked = [
                tasks.create_task(
                    _take_turn(free, plan, clip, messages, clock, delay if plan.streams > 1 else 0),
                    name=f"request {number}",
                )
                for number, delay in enumerate(delays)
            ]
        found.append([task.result() for task in asked])
    return found


async def _take_turn(
    free: asyncio.Semaphore,
    plan: RequestPlan,
    clip: Clip,
    messages: list[bytes],
    clock: Clock,
    delay_s: float,
) -> Outcome:
    """Make a request when a stream is free; one that is refused, breaks off or hangs has failed."""
    async with free:
        await asyncio.sleep(delay_s)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await _request(plan, clip, messages, clock)
        except (OSError, TimeoutError, WebSocketException, EOFError):
            return "failed"


async def _request(plan: RequestPlan, clip: Clip, messages: list[bytes], clock: Clock) -> Answer:
    opening = OpenSession(
        version=VERSION,
        sample_rate=clip.sample_rate,
        frame_rate=plan.frame_rate,
        lookahead_ms=plan.lookahead_ms,
    )
    began = clock.now()
    first_message = first_frame = frames = 0
    async with connect(plan.url, compression=None) as connection:

        async def send() -> None:
            await connection.send(encode_message(opening))
            for message in messages:
                await connection.send(message)
            await connection.send(encode_message(End()))

        sending = asyncio.create_task(send(), name="send")
        try:
            async for message in connection:
                now = clock.now() - began
                first_message = first_message or now
                if isinstance(message, bytes):
                    first_frame = first_frame or now
                    frames += 1
                elif isinstance(decode_session_answer(message), Ended):
                    return Answer(first_message, first_frame, now, frames)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    raise EOFError


def _messages(recording: str, clip: Clip) -> list[bytes]:
    """Return a clip as messages of a second each."""
    sound = SoundFile(recording, 16_000, 16_000)
    speech = np.concatenate([chunk.samples for chunk in sound])
    resampled: Samples = soxr.resample(
        np.resize(speech, clip.seconds * 16_000), 16_000, clip.sample_rate
    )
    return [
        encode_audio(
            AudioMessage(
                encode_samples(resampled[start : start + clip.sample_rate], Encoding.S16LE), start
            )
        )
        for start in range(0, len(resampled), clip.sample_rate)
    ]


if __name__ == "__main__":
    wanted = msgspec.json.decode(sys.argv[1], type=RequestPlan)
    outcomes = asyncio.run(run_plan(wanted, SystemClock()))
    sys.stdout.buffer.write(msgspec.json.encode(outcomes) + b"\n")
