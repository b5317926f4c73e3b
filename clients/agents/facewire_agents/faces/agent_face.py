"""The face of one agent: its speech goes in, faces come out while their sound is heard."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

from facewire.clock import MILLISECOND, SECOND, Clock, SystemClock
from facewire.errors import FacewireError, first_of
from facewire.frame_rate import parse_frame_rate
from facewire.frames import BlendshapeFrame, Samples, StreamSpec
from facewire.speaking.playout_clock import PlayoutClock
from facewire.stream.engine import Engine
from facewire.stream.outputs import StreamOutputs, deliver_stream
from facewire.stream.threads import ServerThreads
from facewire.stream.timed_event import TimedEvent
from facewire.wire.speak import Interrupted, Problem, TurnBegins, TurnEnds
from facewire_agents.faces.face_stream import FaceEvent, FaceStream
from facewire_agents.faces.faceless import FacelessStream
from facewire_agents.faces.heard import Heard
from facewire_agents.faces.local_stream import open_local
from facewire_agents.faces.options import FaceOptions
from facewire_agents.faces.outputs import FaceOutputs
from facewire_agents.faces.schedule import FaceSchedule, MadeFace
from facewire_agents.faces.server_stream import Origin, connect_again, open_server
from facewire_agents.faces.speech_run import RATE, SpeechRun
from facewire_agents.faces.speech_runs import SpeechRuns

logger = logging.getLogger(__name__)

SOON_NS = 50 * MILLISECOND
STARTS_NS = SECOND
"""How long a transport may take for the first sound of a run before it is taken to be heard."""

RUN_S = 3_600
"""Of sound of a run that may come after its faces are lost, before it meets the next one."""

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
        self._due = TimedEvent(self._clock)
        self._listeners: list[Callable[[BlendshapeFrame], None]] = []
        self._stack = AsyncExitStack()
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Begin with no speech and no faces."""
        self._playout = PlayoutClock(RATE, self._clock.now())
        self._pauses: set[str] = set()
        """Why it stands still."""
        self._runs = SpeechRuns(self._playout)
        self._schedule = FaceSchedule(self._playout, self._runs.may_show)
        self._newest = 0
        self._shown = -1
        """Index of the last face that was shown."""
        self._void = 0
        """Nothing of turns up to this one is shown any more."""
        self._outputs = FaceOutputs(self.options, self._clock)
        rate = parse_frame_rate(str(self.options.frame_rate))
        self._stream: FaceStream = FacelessStream(self._take, StreamSpec(RATE, rate, 0))

    @property
    def spec(self) -> StreamSpec:
        """The geometry of the stream of faces."""
        return self._stream.spec

    @property
    def faceless(self) -> bool:
        """Whether speech has no faces now."""
        return isinstance(self._stream, FacelessStream)

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
        return len(self._schedule)

    @property
    def skipped(self) -> int:
        """Faces that were not shown because the program was too slow."""
        return self._schedule.skipped

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
        self._runs.clear()
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
        self._begin_stream(stream, 0)

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
                clock=self._clock, engine_name=self._stream.engine_name or "server",
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

    def begin(
        self,
        context: str,
        sample_rate: int,
        channels: int = 1,
        *,
        offset: int = 0,
        after: SpeechRun | None = None,
    ) -> SpeechRun:
        """Begin a run of speech, behind those before it.

        Args:
            context: what the framework calls the speech.
            sample_rate: Hz, of its audio.
            channels: of its audio, interleaved.
            offset: source samples of the same speech in runs before this one.
            after: the one before this one, of the same speech; None if there is none.

        Raises:
            ConfigError: there is no such audio.
        """
        run = SpeechRun(self._newest + 1, context, sample_rate, channels, offset=offset)
        self._newest = run.number
        run.over = self.faceless
        self._runs.forget(self._clock.now())
        self._runs.add(run)
        self._stream.begin(run.number)
        if after is not None:
            run.go_on_with(after)
            for word in run.words:
                self._align(run, word.word, word.start)
        return run

    def push(self, run: SpeechRun, pcm: bytes) -> None:
        """Take the next audio of a run, 16-bit and interleaved."""
        self._send(run, run.resample(pcm))

    def note(self, run: SpeechRun, text: str, start: int) -> None:
        """Take a word of a run that begins at a position, before or after its audio.

        Of several words at once, which one is spoken is not known: they help to make the faces, and
        are no word that was heard.
        """
        run.note(text, start)
        if not run.ended:
            self._align(run, text, start)

    def end(self, run: SpeechRun) -> None:
        """Take no more of a run; twice is once."""
        if not run.ended:
            self._send(run, run.flush())
            run.ended, run.ended_at = True, self._clock.now()
            self._stream.end(run.number)

    def faces_between(
        self, run: SpeechRun, first: int, last: int
    ) -> list[tuple[float, BlendshapeFrame]]:
        """Return the faces of a run that wait, with how many ms after position `first` each is."""
        begin = run.stream(first)
        if begin is None:
            return []
        frames = self._schedule.between(run.number, begin, begin + last - first)
        return [(1000 * (frame.timestamp - begin) / RATE, frame) for frame in frames]

    def play(self, run: SpeechRun, first: int, last: int, when: int) -> None:
        """Learn that source samples `first` to `last` of a run are heard from `when` on, in ns."""
        run.played = max(run.played, run.position(last))
        sample = run.stream(run.position(first))
        if sample is not None and self._runs.get(run.number) is run:
            self._set_playout(sample, when + self._latency)
        self._due.set()

    def lose(self, run: SpeechRun) -> None:
        """Learn that nothing more of a run will be heard."""
        if self._runs.alive(self._clock.now()) == [run]:
            self.interrupt()
        else:
            # Its faces must not keep others waiting.
            run.played = max(run.played, run.sent)

    def pause(self, reason: str = "asked") -> None:
        """Stand still, as the sound does, until no reason for it is left."""
        if not self._pauses:
            self._playout.pause(self._clock.now())
            self._stream.pause()
            self._due.set()
        self._pauses.add(reason)

    def resume(self, reason: str = "asked") -> None:
        """Go on, if that was the last reason."""
        if self._pauses:
            self._pauses.discard(reason)
            if not self._pauses:
                self._go_on()

    @property
    def goes_on(self) -> bool:
        """Whether something is spoken that may not be interrupted."""
        return any(not run.interruptible for run in self._runs.alive(self._clock.now()))

    def interrupt(self) -> Heard | None:
        """Show nothing more of what is spoken, let the face rest, and return what was heard.

        Returns:
            What was heard of the oldest speech that was not over; None if nobody spoke.
        """
        now = self._clock.now()
        alive = self._runs.alive(now)
        heard = None
        if alive:
            heard = self._runs.what_was_heard(alive[0], now)
            until = alive[0].since_begun(self._runs.heard_of(alive[0], now))
            self._stream.interrupt(alive[0].number, 1000 * until / RATE)
        self._void = self._newest
        self._runs.clear()
        self._schedule.drop_turns()
        if self._pauses:
            self._pauses.clear()
            self._go_on()
        self.made.set()
        self._due.set()
        return heard

    def _go_on(self) -> None:
        self._playout.resume(self._clock.now())
        self._stream.resume()
        self._due.set()

    async def _produce(self, outputs: StreamOutputs, tell: Callable[[str], None]) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._make(tell), name="make faces")
            tasks.create_task(self._show(outputs), name="show faces")

    async def _make(self, tell: Callable[[str], None]) -> None:
        """Make faces; where a server makes them, for as long as it is there, again and again."""
        while True:
            try:
                await self._stream.run(self._take)
            except FacewireError as error:
                if not self.options.server:
                    raise
                tell(f"the face is gone: {error} (its server is asked again from time to time)")
            if not self.options.server:
                return
            await self._lose_stream()
            stream = await connect_again(
                self.options, self._clock, lambda: not self._runs.alive(self._clock.now())
            )
            self._schedule.cut(-1)
            self._runs.clear()
            spec = self._stream.spec
            heard = spec.frame_count(max(0, self._playout.position(self._clock.now())))
            index = max(heard, self._shown + 1)
            stream.origin = Origin(self._newest, index, spec.timestamp(index))
            self._begin_stream(stream, stream.origin.sample)
            logger.info("the face's server is there: speech has a face from now on")

    def _begin_stream(self, stream: FaceStream, sample: int) -> None:
        self._stream = stream
        self._set_playout(sample, self._clock.now())

    async def _lose_stream(self) -> None:
        """Go on without faces, behind all that is spoken."""
        if self.faceless:
            return
        lost, now = self._stream, self._clock.now()
        sample = max(0, self._playout.position(now))
        for run in self._runs:
            if run.stream(0) is None:
                run.place(0, sample)
            sample = max(sample, run.stream(run.sent) or 0)
            run.over = True
        # A run that takes more grows into the room that is left.
        self._stream = FacelessStream(self._take, lost.spec, sample + RATE * RUN_S)
        self.made.set()
        await lost.aclose()

    async def _show(self, outputs: StreamOutputs) -> None:
        while True:
            now = self._clock.now()
            shown, due = self._schedule.take(now)
            if shown is None:
                await self._due.wait(self._schedule.wake(now))
                continue
            if self._outputs.listeners:
                for face in due:
                    await outputs.hear(face.sound(self.spec))
            for listener in self._listeners:
                listener(shown)
            self._shown = shown.index
            await outputs.show(shown)
            self._runs.forget(now)

    def _take(self, event: FaceEvent) -> None:
        """Take what comes of the stream of faces."""
        if isinstance(event, MadeFace):
            self._add(event)
        elif isinstance(event, Interrupted):
            self._schedule.cut(event.frame)
        elif isinstance(event, (TurnBegins, TurnEnds, Problem)):
            run = self._runs.get(event.turn)
            if isinstance(event, Problem):
                logger.warning("the face of turn %d: %s", event.turn, event.message)
            if run is None:
                return
            if isinstance(event, TurnBegins):
                run.place(event.at, event.sample)
                now = self._clock.now()
                if run.played <= event.at and self._playout.due(event.sample, now) < now + SOON_NS:
                    # Time stands still before it until its sound is heard.
                    self._set_playout(event.sample, now + STARTS_NS)
            else:
                run.over = True
        self.made.set()
        self._due.set()

    def _add(self, face: MadeFace) -> None:
        frame = face.frame
        if 0 < frame.turn <= self._void:
            return
        run = self._runs.get(frame.turn)
        if run is not None:
            run.faced = run.own(self.spec.timestamp(frame.index + 1))
        self._schedule.add(face)

    def _send(self, run: SpeechRun, samples: Samples) -> None:
        if len(samples) and not run.ended:
            run.sent += len(samples)
            self._stream.push(run.number, samples)

    def _align(self, run: SpeechRun, text: str, start: int) -> None:
        if start >= 0:
            self._stream.align(run.number, text, start / RATE)

    def _set_playout(self, sample: int, when: int) -> None:
        self._playout.set_playout(sample, when)
        self._stream.set_playout(sample, when)
