"""The face of one agent: its speech goes in, faces come out while their sound is heard."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

from facewire.clock import MILLISECOND, SECOND, Clock, SystemClock
from facewire.errors import FacewireError, first_of
from facewire.frames import BlendshapeFrame, StreamSpec
from facewire.stream.engine import Engine
from facewire.stream.outputs import StreamOutputs, deliver_stream
from facewire.stream.threads import ServerThreads
from facewire.stream.timed_event import TimedEvent
from facewire.wire.speak import Interrupted, Problem, TurnBegins, TurnEnds
from facewire_agents.faces.face_stream import FaceEvent, FaceStream
from facewire_agents.faces.heard import Heard
from facewire_agents.faces.kept_stream import KeptStream
from facewire_agents.faces.local_stream import open_local
from facewire_agents.faces.options import FaceOptions
from facewire_agents.faces.outputs import FaceOutputs
from facewire_agents.faces.schedule import MadeFace, ShownFaces
from facewire_agents.faces.server_stream import Origin, open_server
from facewire_agents.faces.speech_run import RATE, SpeechRun
from facewire_agents.faces.speech_runs import SpeechRuns

logger = logging.getLogger(__name__)

SOON_NS = 50 * MILLISECOND
STARTS_NS = SECOND
"""How long a transport may take for the first sound of a run before it is taken to be heard."""

OpenThreads = Callable[[Engine, int], ServerThreads]


class AgentFace:
    """Runs of speech of one agent, and their faces. Used by one event loop.

    `open`, then `run` as a task, then `aclose`. What is asked for in between is noted at once.
    Without `open`, after one that failed, or when no more faces come, speech has no faces, and what
    is heard of it is told all the same.
    """

    def __init__(
        self,
        options: FaceOptions | None = None,
        *,
        clock: Clock | None = None,
        threads: OpenThreads = ServerThreads,
    ) -> None:
        """Get ready; nothing is opened.

        Args:
            options: how faces are made, and where they go.
            clock: keeps time.
            threads: makes the threads that faces are made on, of an engine for so many streams.
        """
        self.options = options or FaceOptions()
        self.made = TimedEvent(clock or SystemClock())
        """Set when there are more faces; for one task."""
        self._clock = clock or SystemClock()
        self._open_threads = threads
        self._latency = int(self.options.output_latency_ms * MILLISECOND)
        self._listeners: list[Callable[[BlendshapeFrame], None]] = []
        self._stack = AsyncExitStack()
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Begin with no speech and no faces."""
        self._kept = KeptStream(self.options, self._clock, self._take)
        self.runs = SpeechRuns(self._kept, self._clock)
        """What is spoken."""
        self._shown = ShownFaces(self._clock, self._kept.playout, self.runs.may_show)
        self._void = 0
        """Nothing of turns up to this one is shown any more."""
        self._outputs = FaceOutputs(self.options, self._clock)

    @property
    def spec(self) -> StreamSpec:
        """The geometry of the stream of faces."""
        return self._kept.stream.spec

    @property
    def faceless(self) -> bool:
        """Whether speech has no faces now."""
        return self._kept.faceless

    @property
    def page_urls(self) -> tuple[str, ...]:
        """Where the page is, once it is open; empty without one."""
        return tuple(self._outputs.page_urls)

    async def watched(self) -> None:
        """Return as soon as somebody has the page open."""
        await self._outputs.watched()

    @property
    def waiting(self) -> int:
        """How many faces wait for their sound."""
        return len(self._shown.schedule)

    @property
    def skipped(self) -> int:
        """Faces that were not shown because the program was too slow."""
        return self._shown.schedule.skipped

    def on_face(
        self, listener: Callable[[BlendshapeFrame], None]
    ) -> Callable[[BlendshapeFrame], None]:
        """Have something called with each face when it is shown; a decorator, too."""
        self._listeners.append(listener)
        return listener

    async def open(self) -> None:
        """Load or connect to what makes the faces, and open the page.

        Raises:
            ConfigError: there is no such engine or output, or the page's port is taken.
            FacewireError: the engine's model is damaged, or the server does not answer.
        """
        options = self.options
        # What was begun without it, or before it was closed, ends without faces.
        self.runs.clear()
        self._begin_anew()
        async with AsyncExitStack() as stack:
            stream: FaceStream
            if options.server:
                stream, engine = await open_server(options, self._clock), None
            else:
                stream = local = await open_local(options, self._clock, self._open_threads)
                engine = local.engine
            try:
                await self._outputs.open_page(stack, engine)
            except BaseException:
                await stream.aclose()
                raise
            self._stack = stack.pop_all()
        self._kept.begin(stream, 0)

    async def run(self, tell: Callable[[str], None] = logger.error) -> None:
        """Make faces and show them, until it is cancelled.

        A server that is away is asked again, from a second to half a minute later.

        Args:
            tell: is told when a server goes away, and the agent speaks on without a face.

        Raises:
            ConfigError: an output cannot be opened.
            FacewireError: no more faces can be made in this process.
        """
        try:
            await deliver_stream(
                lambda outputs: self._produce(outputs, tell), self.spec, self._outputs.sinks,
                clock=self._clock, engine_name=self._kept.stream.engine_name or "server",
                listeners=self._outputs.listeners, live=True,
            )  # fmt: skip
        except ExceptionGroup as group:
            if (error := first_of(group, FacewireError)) is None:
                raise
            raise error from group
        finally:
            await self._lose_stream()

    async def aclose(self) -> None:
        """Give back what it holds; twice is once."""
        await self._stack.aclose()
        await self._lose_stream()

    def faces_between(
        self, run: SpeechRun, first: int, last: int
    ) -> list[tuple[float, BlendshapeFrame]]:
        """Return the faces of a run that wait, with how many ms after position `first` each is."""
        begin = run.stream(first)
        if begin is None:
            return []
        frames = self._shown.schedule.between(run.number, begin, begin + last - first)
        return [(1000 * (frame.timestamp - begin) / RATE, frame) for frame in frames]

    def play(self, run: SpeechRun, first: int, last: int, when: int) -> None:
        """Learn that source samples `first` to `last` of a run are heard from `when` on, in ns."""
        run.played = max(run.played, run.position(last))
        sample = run.stream(run.position(first))
        if sample is not None and self.runs.get(run.number) is run:
            self._kept.set_playout(sample, when + self._latency)
        self._shown.look()

    def lose(self, run: SpeechRun) -> None:
        """Learn that nothing more of a run will be heard."""
        if self._alive() == [run]:
            self.interrupt()
        else:
            # Its faces must not keep others waiting.
            run.played = max(run.played, run.sent)

    def pause(self, reason: str = "asked") -> None:
        """Stand still, as the sound does, until no reason for it is left."""
        self._kept.pause(reason)
        self._shown.look()

    def resume(self, reason: str = "asked") -> None:
        """Go on, if that was the last reason."""
        self._kept.resume(reason)
        self._shown.look()

    @property
    def goes_on(self) -> bool:
        """Whether something is spoken that may not be interrupted."""
        return any(not run.interruptible for run in self._alive())

    def interrupt(self) -> Heard | None:
        """Show nothing more of what is spoken, let the face rest, and return what was heard.

        Returns:
            What was heard of the oldest speech that was not over; None if nobody spoke.
        """
        now = self._clock.now()
        alive = self.runs.alive(now)
        heard = None
        if alive:
            heard = self.runs.what_was_heard(alive[0], now)
            until = alive[0].since_begun(self.runs.heard_of(alive[0], now))
            self._kept.stream.interrupt(alive[0].number, 1000 * until / RATE)
        self._void = self.runs.newest
        self.runs.clear()
        self._shown.schedule.drop_turns()
        self._kept.resume()
        self.made.set()
        self._shown.look()
        return heard

    async def _produce(self, outputs: StreamOutputs, tell: Callable[[str], None]) -> None:
        async def show(face: BlendshapeFrame, due: list[MadeFace]) -> None:
            if self._outputs.listeners:
                for one in due:
                    await outputs.hear(one.sound(self.spec))
            for listener in self._listeners:
                listener(face)
            await outputs.show(face)
            self.runs.forget(self._clock.now())

        async with asyncio.TaskGroup() as tasks:
            making = self._kept.run(
                tell, lose=self._lose_stream, silent=lambda: not self._alive(),
                begin_again=self._begin_again,
            )  # fmt: skip
            tasks.create_task(making, name="make faces")
            tasks.create_task(self._shown.run(show), name="show faces")

    def _alive(self) -> list[SpeechRun]:
        return self.runs.alive(self._clock.now())

    def _begin_again(self) -> Origin:
        """Forget what was, and return where the next stream begins: behind what was shown."""
        self._shown.schedule.cut(-1)
        self.runs.clear()
        spec, heard = self.spec, self._kept.playout.position(self._clock.now())
        index = max(spec.frame_count(max(0, heard)), self._shown.last + 1)
        return Origin(self.runs.newest, index, spec.timestamp(index))

    async def _lose_stream(self) -> None:
        await self._kept.lose(self.runs.lose_faces)
        self.made.set()

    def _take(self, event: FaceEvent) -> None:
        """Take what comes of the stream of faces."""
        if isinstance(event, MadeFace):
            self._add(event)
        elif isinstance(event, Interrupted):
            self._shown.schedule.cut(event.frame)
        elif isinstance(event, (TurnBegins, TurnEnds, Problem)):
            run = self.runs.get(event.turn)
            if isinstance(event, Problem):
                logger.warning("the face of turn %d: %s", event.turn, event.message)
            if run is None:
                return
            if isinstance(event, TurnBegins):
                run.place(event.at, event.sample)
                now = self._clock.now()
                if (
                    run.played <= event.at
                    and self._kept.playout.due(event.sample, now) < now + SOON_NS
                ):
                    # Time stands still before it until its sound is heard.
                    self._kept.set_playout(event.sample, now + STARTS_NS)
            else:
                run.over = True
        self.made.set()
        self._shown.look()

    def _add(self, face: MadeFace) -> None:
        frame = face.frame
        if 0 < frame.turn <= self._void:
            return
        run = self.runs.get(frame.turn)
        if run is not None:
            run.faced = run.own(self.spec.timestamp(frame.index + 1))
        self._shown.schedule.add(face)
