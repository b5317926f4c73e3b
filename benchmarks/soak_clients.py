"""The clients of `soak.py`, each a process of its own, with the Python client that users have.

python benchmarks/soak_clients.py live ws://127.0.0.1:8765 60
"""

import asyncio
import hashlib
import sys
from collections.abc import Iterable
from fractions import Fraction

import msgspec
import numpy as np
from numpy.typing import NDArray

from facewire.clock import MILLISECOND, SECOND, SystemClock
from facewire.frames import StreamSpec
from facewire_cli.bench.throughput_load import clip_samples
from facewire_client import FaceClient

RATE = 16_000
CHUNK = 160
FRAME_RATE = Fraction(60)
RECORDING_S = 600
UPLOAD_EVERY_S = 60.0
LOOKAHEAD_MS = 80


class Heard(msgspec.Struct, frozen=True):
    """What a live client got."""

    frames: int
    expected: int
    misplaced: int
    """Frames with another index or timestamp than they should have."""
    digest: str
    """sha256 over the weights of all frames."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    """How long after it was due a frame was there."""
    drift_ms_per_hour: float
    """How much later frames come as time goes on: the slope of the line through the least of each
    minute, which other work on the machine hardly moves."""


class Uploaded(msgspec.Struct, frozen=True):
    """What an uploader got."""

    recordings: int
    exact: bool
    """Whether each got its frames, on their samples."""


def speech(seconds: float) -> NDArray[np.int16]:
    """Return the bundled clip, again and again."""
    once = np.round(np.clip(clip_samples(RATE), -1, 1) * 32767).astype(np.int16)
    return np.resize(once, round(seconds * 100) * CHUNK)


def digest_of(weights: Iterable[NDArray[np.float32]]) -> str:
    """Return a digest of many frames' weights."""
    found = hashlib.sha256()
    for frame in weights:
        found.update(np.ascontiguousarray(frame, "<f4").tobytes())
    return found.hexdigest()


async def live(url: str, seconds: float) -> Heard:
    """Speak in real time."""
    samples, spec, clock = speech(seconds), StreamSpec(RATE, FRAME_RATE), SystemClock()
    client = FaceClient(
        url, sample_rate=RATE, idle=False, lookahead_ms=LOOKAHEAD_MS, silence_ms=None
    )
    found, misplaced, behind = hashlib.sha256(), 0, list[int]()
    async with client as face, asyncio.TaskGroup() as tasks:
        began = clock.now()

        async def speak() -> None:
            for start in range(0, len(samples), CHUNK):
                await clock.sleep_until(began + (start + CHUNK) * SECOND // RATE)
                await face.send(samples[start : start + CHUNK])
            await face.end()

        tasks.create_task(speak())
        async for frame in face:
            index = len(behind)
            misplaced += (frame.index, frame.timestamp) != (index, spec.timestamp(index))
            needed = min(frame.timestamp + LOOKAHEAD_MS * RATE // 1000, len(samples))
            # Its last sample is in a chunk that leaves when all of it has been spoken.
            due = began + -(-needed // CHUNK) * CHUNK * SECOND // RATE
            behind.append(clock.now() - due)
            found.update(np.ascontiguousarray(frame.weights, "<f4").tobytes())
    late = np.array(behind) / MILLISECOND
    return Heard(
        frames=len(late),
        expected=spec.frame_count(len(samples)),
        misplaced=misplaced,
        digest=found.hexdigest(),
        p50_ms=float(np.percentile(late, 50)),
        p99_ms=float(np.percentile(late, 99)),
        max_ms=float(late.max()),
        drift_ms_per_hour=drift(late),
    )


def drift(late: NDArray[np.float64]) -> float:
    """Return by how many ms an hour frames come later and later, [T] in ms at 60 a second."""
    size = min(int(60 * FRAME_RATE), max(1, len(late) // 4))
    least = late[: len(late) // size * size].reshape(-1, size).min(axis=1)
    hours = np.arange(len(least)) * size / float(FRAME_RATE) / 3600
    return float(np.polyfit(hours, least, 1)[0])


async def upload(url: str, seconds: float) -> Uploaded:
    """Upload a recording a minute, until the time is over."""
    clock, spec = SystemClock(), StreamSpec(RATE, FRAME_RATE)
    until = clock.now() + int(seconds * SECOND)
    length_s = min(RECORDING_S, seconds)
    samples, count, exact = speech(length_s), 0, True
    while (began := clock.now()) < until:
        client = FaceClient(url, sample_rate=RATE, idle=False)
        async with client as face, asyncio.TaskGroup() as tasks:
            tasks.create_task(face.say(samples))
            times = [(frame.index, frame.timestamp) async for frame in face]
        wanted = [(n, spec.timestamp(n)) for n in range(spec.frame_count(len(samples)))]
        exact &= times == wanted
        count += 1
        await clock.sleep_until(min(began + int(UPLOAD_EVERY_S * SECOND), until))
    return Uploaded(count, exact)


if __name__ == "__main__":
    kind, url, seconds = sys.argv[1:]
    outcome = asyncio.run({"live": live, "upload": upload}[kind](url, float(seconds)))
    sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
