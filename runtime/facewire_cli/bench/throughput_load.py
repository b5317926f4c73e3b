"""The load of one throughput trial, in a process of its own: sessions that the clock paces.

    python -m facewire_cli.bench.throughput_load '{"engine": "phones", "sessions": 8}'

Each session gets a chunk of 10 ms when the clock says that it has been spoken, whether or not the
engine is done with the one before, so a slow engine cannot slow the load down. A frame's inference
lasts from that moment to the moment when the caller has the frame; waiting in line is part of it.
"""

import asyncio
import heapq
import itertools
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import msgspec
import numpy as np

from facewire.clock import SECOND, Clock, SystemClock
from facewire.errors import CapacityError
from facewire.frame_rate import parse_frame_rate
from facewire.frames import AudioChunk, Samples
from facewire.sources.sound_file import SoundFile
from facewire.stream.engine import Engine, EngineSession
from facewire.stream.engines import load_engine
from facewire.stream.latency import Percentiles, percentiles
from facewire_cli.demo import demo_clip

CHUNK_MS = 10
WARM_UP_MS = 500
"""Not counted: nobody's first frames are like the rest."""
_GOLDEN = 0.618034
"""Spreads the sessions' phases evenly, however many there are."""

Drive = Literal["loop", "threads"]


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a load is made of."""

    engine: str
    sessions: int
    frame_rate: str = "60"
    lookahead_ms: float = 80.0
    seconds: float = 3.0
    cpu: int | None = None
    """The only processor that the process may use; None is any."""
    drive: Drive = "loop"
    """One loop that hands over whatever is due, or a thread for each push, as the server has."""


class Load(msgspec.Struct, frozen=True):
    """What a trial found."""

    sessions: int
    """How many were let in."""
    frames: int
    late: int
    """Frames whose inference lasted over one frame interval."""
    cpu_share: float
    """Processor seconds for a second of the trial, load included."""
    inference: Percentiles | None
    """None without frames."""


class _Stream:
    """One session and what it is going to hear."""

    def __init__(self, session: EngineSession, speech: Samples, began: int, number: int) -> None:
        self.session = session
        self._size = session.spec.sample_rate * CHUNK_MS // 1000
        start = int(number * _GOLDEN % 1 * (len(speech) - self._size))
        self._speech = np.roll(speech, -start)
        self._began = began + int(number * _GOLDEN % 1 * CHUNK_MS * SECOND // 1000)
        self._count = 0

    @property
    def due(self) -> int:
        """When the next chunk has been spoken, in ns."""
        return self._began + (self._count + 1) * CHUNK_MS * SECOND // 1000

    def chunk(self) -> AudioChunk:
        """Return the next chunk."""
        captured, start = self.due, self._count * self._size
        place = start % (len(self._speech) - self._size)
        self._count += 1
        samples = self._speech[place : place + self._size]
        return AudioChunk(samples, start, self.session.spec.sample_rate, captured)


def take_processor(trial: Trial) -> None:
    """Let this process use no other processor than the trial's."""
    if trial.cpu is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {trial.cpu})


async def run_load(trial: Trial, engine: Engine, clock: Clock) -> Load:
    """Run one trial and count.

    Raises:
        ConfigError: the engine cannot do this frame rate or look-ahead.
        EngineError: it failed.
    """
    speech = clip_samples(engine.sample_rate)
    sessions = list(_open(engine, trial))
    began = clock.now() + SECOND // 10
    streams = [_Stream(s, speech, began, number) for number, s in enumerate(sessions)]
    counted_from = began + WARM_UP_MS * SECOND // 1000
    end = counted_from + int(trial.seconds * SECOND)
    await clock.sleep_until(began)
    worked = os.times()
    drive = _in_a_loop if trial.drive == "loop" else _in_threads
    rows = np.array(await drive(engine, streams, end, clock), np.int64).reshape(-1, 2)
    spent = os.times()
    inference = rows[rows[:, 0] >= counted_from, 1]
    return Load(
        sessions=len(streams),
        frames=len(inference),
        late=int((inference * float(parse_frame_rate(trial.frame_rate)) > SECOND).sum()),
        cpu_share=(spent.user + spent.system - worked.user - worked.system)
        / ((clock.now() - began) / SECOND),
        inference=percentiles(inference) if len(inference) else None,
    )


def _open(engine: Engine, trial: Trial) -> list[EngineSession]:
    """Open sessions until there are enough, or the engine lets no more in."""
    sessions: list[EngineSession] = []
    rate = parse_frame_rate(trial.frame_rate)
    for _ in range(trial.sessions):
        try:
            sessions.append(engine.session(frame_rate=rate, lookahead_ms=trial.lookahead_ms))
        except CapacityError:
            break
    return sessions


def clip_samples(sample_rate: int) -> Samples:
    """Return the bundled clip at a rate, `[N]`."""
    sound = SoundFile(demo_clip(), sample_rate, sample_rate)
    return np.concatenate([chunk.samples for chunk in sound])


Rows = list[tuple[int, int]]
"""When the sound of a frame was there, and how long inference took, in ns."""


async def _in_a_loop(engine: Engine, streams: list[_Stream], end: int, clock: Clock) -> Rows:
    rows: Rows = []
    push_all = getattr(engine, "push_all", None)
    waiting = [(stream.due, number) for number, stream in enumerate(streams)]
    heapq.heapify(waiting)
    while waiting and waiting[0][0] < end:
        await clock.sleep_until(waiting[0][0])
        now = clock.now()
        pushes = []
        while waiting[0][0] <= now:
            stream = streams[waiting[0][1]]
            pushes.append((stream.session, stream.chunk()))
            heapq.heapreplace(waiting, (stream.due, waiting[0][1]))
            if len(pushes) >= len(streams):
                break
        if push_all is None:
            for session, chunk in pushes:
                frames = session.push(chunk)
                rows += [(chunk.captured, clock.now() - chunk.captured)] * len(frames)
            continue
        answers = push_all(pushes)
        now = clock.now()
        for (_, chunk), answer in zip(pushes, answers, strict=True):
            if isinstance(answer, Exception):
                raise answer
            rows += [(chunk.captured, now - chunk.captured)] * len(answer)
    return rows


async def _in_threads(engine: Engine, streams: list[_Stream], end: int, clock: Clock) -> Rows:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(len(streams) + 4))

    async def speak(stream: _Stream) -> Rows:
        rows: Rows = []
        while stream.due < end:
            await clock.sleep_until(stream.due)
            chunk = stream.chunk()
            frames = await asyncio.to_thread(stream.session.push, chunk)
            rows += [(chunk.captured, clock.now() - chunk.captured)] * len(frames)
        return rows

    async with asyncio.TaskGroup() as tasks:
        speaking = [tasks.create_task(speak(s), name=f"session {i}") for i, s in enumerate(streams)]
    return list(itertools.chain.from_iterable(task.result() for task in speaking))


def main(load: Callable[[str], Engine] = load_engine) -> None:
    """Run the trial of the command line, and print what it found as JSON."""
    trial = msgspec.json.decode(sys.argv[1], type=Trial)
    take_processor(trial)
    found = asyncio.run(run_load(trial, load(trial.engine), SystemClock()))
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")


if __name__ == "__main__":
    main()
