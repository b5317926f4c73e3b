"""Faces that `facewire serve` makes, through `/speak`."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from msgspec.structs import replace

from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.errors import ConfigError, FacewireError, first_of
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.wire.binary import WireFrame
from facewire.wire.speak import Interrupted, NotInterrupted, Problem, TurnBegins, TurnEnds
from facewire_agents.faces.face_stream import LEAD_S, FaceEvent
from facewire_agents.faces.options import FaceOptions
from facewire_agents.faces.schedule import MadeFace
from facewire_agents.faces.speech_run import RATE
from facewire_client import ServerError, SpeakClient

FIRST_NS, LONGEST_NS = SECOND, 30 * SECOND
"""How long to wait before a server that is away is asked again: at first, and at most."""
SILENCE_NS = 100 * MILLISECOND
"""How often to look whether nobody speaks."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a stream of a server begins in the stream of the agent, which may have had others."""

    turn: int = 0
    """The last one before it."""
    frame: int = 0
    sample: int = 0
    """Of the frame."""


NO_AUDIO: Samples = np.zeros(0, np.float32)


class ServerStream:
    """A client of `/speak`; what is asked for is sent in order by a task of its own."""

    def __init__(self, client: SpeakClient, *, alignment: bool) -> None:
        """Use a client that is connected, and tell it the times of words if wanted."""
        self._alignment = alignment
        hello = client.hello
        self.spec = StreamSpec(hello.sample_rate, Fraction(*hello.frame_rate), 0)
        self.engine_name = hello.engine
        self.origin = Origin()
        self._client = client
        self._requests: deque[Callable[[], Coroutine[Any, Any, object]]] = deque()
        self._asked = asyncio.Event()

    def begin(self, turn: int) -> None:
        """Begin a turn, behind those before it; the client counts them as we do."""
        self._ask(lambda: self._client.begin(alignment=self._alignment))

    def push(self, turn: int, samples: Samples) -> None:
        """Take the next samples of a turn, at the rate of the stream."""
        own = turn - self.origin.turn
        self._ask(lambda: self._client.send_audio(own, samples))

    def align(self, turn: int, word: str, start_s: float) -> None:
        """Learn when a word of a turn begins, where the options want to know."""
        if self._alignment:
            times = [{"word": word, "start": start_s}]
            own = turn - self.origin.turn
            self._ask(lambda: self._client.push_alignment(own, "words", times))

    def end(self, turn: int) -> None:
        """Take no more of a turn."""
        own = turn - self.origin.turn
        self._ask(lambda: self._client.end_turn(own))

    def interrupt(self, turn: int, at_ms: float) -> None:
        """Stop a turn, heard for so long, and those behind it."""
        own = turn - self.origin.turn
        self._ask(lambda: self._client.interrupt(own, at_ms))

    def set_playout(self, sample: int, when: int) -> None:
        """Learn that a sample of the stream is heard at a time of this machine, in ns."""
        own = sample - self.origin.sample
        self._ask(lambda: self._client.set_playout(own, when))

    def pause(self) -> None:
        """Stand still."""
        self._ask(self._client.pause)

    def resume(self) -> None:
        """Go on."""
        self._ask(self._client.resume)

    async def run(self, take: Callable[[FaceEvent], None]) -> None:
        """Hand over what comes, until it is cancelled.

        Raises:
            FacewireError: the server refused something, or went away.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(self._send(), name="ask the server")
                async for event in self._client:
                    if isinstance(event, WireFrame):
                        take(MadeFace(_frame(event, self.origin), NO_AUDIO))
                    elif isinstance(
                        event, (TurnBegins, TurnEnds, Interrupted, NotInterrupted, Problem)
                    ):
                        take(_event(event, self.origin))
                sending.cancel()
        except ExceptionGroup as group:
            if (error := first_of(group, ServerError)) is None:
                raise
            raise FacewireError(f"no more faces come: {error}") from group

    async def aclose(self) -> None:
        """Give back what it holds."""
        await self._client.__aexit__(None, None, None)

    def _ask(self, request: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._requests.append(request)
        self._asked.set()

    async def _send(self) -> None:
        while True:
            while self._requests:
                await self._requests.popleft()()
            self._asked.clear()
            await self._asked.wait()


async def open_server(options: FaceOptions, clock: Clock) -> ServerStream:
    """Connect to a server.

    Raises:
        ConfigError: it does not answer, or refuses what the options ask for.
    """
    client = SpeakClient(
        options.server,
        text=False,
        audio=False,
        frame_rate=options.frame_rate,
        lookahead_ms=options.lookahead_ms,
        language=options.language,
        idle=options.idle,
        seed=options.seed,
        lead_ms=1000 * LEAD_S,
        sample_rate=RATE,
        clock=clock,
    )
    try:
        await client.__aenter__()
    except ServerError as error:
        raise ConfigError(f"the face's server cannot be used: {error}") from error
    return ServerStream(client, alignment=options.alignment)


async def connect_again(
    options: FaceOptions, clock: Clock, silent: Callable[[], bool]
) -> ServerStream:
    """Return a new stream of a server that was away, as soon as it answers and nobody speaks.

    Speech that has begun without a face ends without one.
    """
    wait = FIRST_NS
    while True:
        await clock.sleep_until(clock.now() + wait)
        while not silent():
            await clock.sleep_until(clock.now() + SILENCE_NS)
        try:
            stream = await open_server(options, clock)
        except FacewireError:
            wait = min(2 * wait, LONGEST_NS)
            continue
        if silent():
            return stream
        await stream.aclose()


def _frame(frame: WireFrame, origin: Origin) -> BlendshapeFrame:
    turn = frame.turn + origin.turn if frame.turn else 0
    return BlendshapeFrame(
        frame.weights, frame.index + origin.frame, frame.timestamp + origin.sample,
        turn, frame.speech, frame.head,
    )  # fmt: skip


def _event(
    event: TurnBegins | TurnEnds | Interrupted | NotInterrupted | Problem, origin: Origin
) -> FaceEvent:
    """Return what a server tells, in the numbers of the agent's stream."""
    moved = replace(event, turn=event.turn + origin.turn)
    if isinstance(moved, TurnBegins):
        return replace(moved, sample=moved.sample + origin.sample)
    if isinstance(moved, Interrupted) and moved.frame is not None:
        return replace(moved, frame=moved.frame + origin.frame)
    return moved
