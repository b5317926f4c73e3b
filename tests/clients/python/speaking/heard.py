"""A server that speaks, and what a client of it was told."""

import asyncio
import time
from itertools import pairwise

import numpy as np

from facewire.clock import SECOND, Clock, SystemClock
from facewire.face import make_face
from facewire.server.server import FaceServer
from facewire.wire.binary import WireFrame
from facewire_client import (
    AudioRun,
    Interrupted,
    Problem,
    SpeakClient,
    SpeechEvent,
    TurnBegins,
    TurnEnds,
    Words,
)
from facewire_engines.phones.engine import PhonesEngine

BOB = "Bob bought my puppy a map."


HELLO = ["Hello", "there,", "my", "friend.", "How", "are", "you?"]


class QuickClock:
    """The machine's time, but faster."""

    def __init__(self, speed: int) -> None:
        self._speed = speed

    def now(self) -> int:
        return time.monotonic_ns() * self._speed

    async def sleep_until(self, when: int) -> None:
        await asyncio.sleep(max(when - self.now(), 0) / self._speed / SECOND)


def serve(engine: PhonesEngine, clock: Clock | None = None) -> FaceServer:
    return FaceServer(engine, make_face, clock=clock or SystemClock(), port=0)


def url(server: FaceServer) -> str:
    return f"ws://{server.address}"


class Heard:
    """What a client was told, and what it would have shown and played."""

    def __init__(self) -> None:
        self.events: list[SpeechEvent] = []
        self.frames: list[WireFrame] = []

    def add(self, event: SpeechEvent) -> None:
        self.events.append(event)
        if isinstance(event, WireFrame):
            self.frames.append(event)
        if isinstance(event, Interrupted) and event.frame is not None:
            self.frames = [frame for frame in self.frames if frame.index <= event.frame]

    async def read(self, client: SpeakClient) -> "Heard":
        async for event in client:
            self.add(event)
        return self

    def of(self, kind: type[SpeechEvent]) -> list[SpeechEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def begins(self) -> list[TurnBegins]:
        return [event for event in self.events if isinstance(event, TurnBegins)]

    @property
    def ends(self) -> list[TurnEnds]:
        return [event for event in self.events if isinstance(event, TurnEnds)]

    @property
    def problems(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Problem)]

    @property
    def words(self) -> list[str]:
        lists = [event.words for event in self.events if isinstance(event, Words)]
        return [word.word for words in lists for word in words]

    def sound(self, turn: int) -> list[AudioRun]:
        return [e for e in self.events if isinstance(e, AudioRun) and e.turn == turn]

    def largest_step(self) -> float:
        steps = [
            float(np.abs(after.weights - before.weights).max())
            for before, after in pairwise(self.frames)
        ]
        return max(steps, default=0)


async def until(
    client: SpeakClient, heard: Heard, kind: type[SpeechEvent] | tuple[type[SpeechEvent], ...]
) -> SpeechEvent:
    """Take events up to one of a kind; the test's timeout is how long that may take."""
    async for event in client:
        heard.add(event)
        if isinstance(event, kind):
            return event
    raise AssertionError(f"the stream ended without {kind}")
