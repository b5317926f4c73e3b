# pyright: reportMissingImports=false
"""An audio output before the one that plays, which shows the agent's face with the sound."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress

from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.agents.voice.io import (
    AudioOutput,
    AudioOutputCapabilities,
    PlaybackFinishedEvent,
)

from facewire.clock import SECOND, Clock, SystemClock, unix_seconds
from facewire.errors import FacewireError
from facewire.frames import BlendshapeFrame
from facewire.stream.threads import ServerThreads
from facewire_agents.faces import AgentFace, FaceOptions
from facewire_agents.faces.agent_face import OpenThreads
from facewire_agents.faces.speech_run import RATE, SpeechRun
from facewire_agents.livekit.held_frames import HeldFrames
from facewire_agents.livekit.segment import Segment

logger = logging.getLogger(__name__)

OLDEST_START_S = 1.0
"""A sink does not say later than this that it has begun to play."""


class FaceOutput(AudioOutput):
    """Stands before another output, as `session.output.audio`; `start` before it, `aclose` after.

    Sound goes on as soon as its faces are there. `clear_buffer` lets the face rest at once; what
    was heard is told by the event `face_interrupted`, once the sink knows.
    """

    def __init__(
        self,
        next_in_chain: AudioOutput,
        options: FaceOptions | None = None,
        *,
        clock: Clock | None = None,
        threads: OpenThreads = ServerThreads,
    ) -> None:
        """Get ready; nothing is opened.

        Args:
            next_in_chain: plays the sound.
            options: how faces are made, and where they go.
            clock: keeps time.
            threads: makes the threads that faces are made on.

        Raises:
            ConfigError: an output cannot be read.
        """
        super().__init__(
            label="Facewire",
            capabilities=AudioOutputCapabilities(pause=True),
            next_in_chain=next_in_chain,
            sample_rate=next_in_chain.sample_rate,
        )
        self.next_in_chain.on("playback_finished", self._on_next_finished)
        self._clock = clock or SystemClock()
        self._face = AgentFace(options, clock=self._clock, threads=threads)
        self._held = HeldFrames(
            self._face, self.next_in_chain, self._clock, lost=self._finish_unheard
        )
        self._count = 0
        self._capturing: Segment | None = None
        self._words_before: list[object] = []
        """Of the next sound, which came without any."""
        self._paused_at: int | None = None
        self._showing: asyncio.Task[None] | None = None
        self._faceless = "has not started"
        """Why speech has no face, until that has been logged; empty if it has one."""

    @property
    def face(self) -> AgentFace:
        """The face itself."""
        return self._face

    @property
    def page_urls(self) -> tuple[str, ...]:
        """Where the page is, once it is started; empty without one."""
        return self._face.page_urls

    async def watched(self) -> None:
        """Return as soon as somebody has the page open."""
        await self._face.watched()

    def on_face(
        self, listener: Callable[[BlendshapeFrame], None]
    ) -> Callable[[BlendshapeFrame], None]:
        """Have something called with each face when it is shown; a decorator, too."""
        return self._face.on_face(listener)

    async def start(self) -> None:
        """Open what makes the faces; without it, or after it failed, sound has no faces.

        Raises:
            ConfigError: there is no such engine or output, or the page's port is taken.
            FacewireError: the engine's model is damaged, or the server does not answer.
        """
        await self._face.open()
        self._showing = asyncio.create_task(self._run_face(), name="face")
        self._faceless = ""

    async def aclose(self) -> None:
        """Give back what it holds; twice is once. What is spoken goes on without a face."""
        showing, self._showing = self._showing, None
        if showing is not None:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
            self._faceless = "is closed"
        await self._face.aclose()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take the next sound; wait if too much is held."""
        words = frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, ())
        if not frame.samples_per_channel:
            # A sink that gets no sound of a segment never says that it is over.
            if self._capturing is not None and self._capturing.run is not None:
                note_words(self._face, self._capturing.run, words)
            else:
                self._words_before.extend(words)
            return
        await super().capture_frame(frame)
        if self._faceless:
            logger.warning("the agent speaks without a face: FaceOutput %s", self._faceless)
            self._faceless = ""
        segment = self._capturing or self._begin(frame)
        segment.last_sound = self._clock.now()
        run = segment.find_run(self._face, frame)
        if run is not None:
            note_words(self._face, run, [*self._words_before, *words])
            self._face.runs.push(run, bytes(frame.data))
        self._words_before.clear()
        await self._held.add(segment.cut(frame))

    def flush(self) -> None:
        """Take no more of this segment."""
        super().flush()
        segment, self._capturing = self._capturing, None
        self._words_before.clear()
        if segment is not None:
            if segment.run is not None:
                self._face.runs.end(segment.run)
            self._held.end(segment)

    def clear_buffer(self) -> None:
        """Stop, let the face rest, and forget what was not played."""
        now = self._clock.now()
        self._resume_segments(now)
        self._held.clear()
        self._face.interrupt()
        segments = self._held.segments
        for segment in list(segments):
            segment.cleared = True
            if not segment.forwarded:
                # The sink never heard of it, so nobody else says that it is over.
                segments.remove(segment)
                self._finish_unheard(segment)
        self._capturing = None
        self._words_before.clear()
        # What comes now without a flush is a segment of its own.
        super().flush()
        if segments and not segments[-1].flushed:
            self._held.flush(segments[-1])
        self.next_in_chain.clear_buffer()

    def pause(self) -> None:
        """Stand still, with the sound."""
        super().pause()
        if self._paused_at is None:
            self._paused_at = self._clock.now()
            self._face.pause()

    def resume(self) -> None:
        """Go on."""
        super().resume()
        self._resume_segments(self._clock.now())

    def on_playback_started(self, *, created_at: float) -> None:
        """Learn from the sink that it has begun to play a segment."""
        age = min(max(0.0, unix_seconds() - created_at), OLDEST_START_S)
        self._held.started(self._clock.now() - int(age * SECOND))
        super().on_playback_started(created_at=created_at)

    def _on_next_finished(self, event: PlaybackFinishedEvent) -> None:
        """Learn from the sink that it has played a segment, or as much as was heard of it."""
        # Another kind is of a frame that it did not take, whose segment we have ended.
        if type(event) is PlaybackFinishedEvent and self._held.segments:
            segment = self._held.segments.popleft()
            self._tell(segment, event.playback_position)
            if not segment.cleared:
                segment.lose_rest(self._face)
            self._held.look()

    def _begin(self, frame: rtc.AudioFrame) -> Segment:
        """Begin a segment."""
        self._count += 1
        segment = self._capturing = Segment(
            f"segment {self._count}", frame.sample_rate, frame.num_channels, self._clock.now()
        )
        self._held.segments.append(segment)
        return segment

    def _resume_segments(self, now: int) -> None:
        if self._paused_at is None:
            return
        for segment in self._held.segments:
            segment.delay(now - self._paused_at)
        self._paused_at = None
        self._face.resume()
        self._held.look()

    def _finish_unheard(self, segment: Segment) -> None:
        """Say that a segment is over of which nothing was heard."""
        if not segment.cleared:
            segment.lose_rest(self._face)
        self.on_playback_finished(playback_position=0.0, interrupted=True)
        self._tell(segment, 0.0)

    def _tell(self, segment: Segment, position: float) -> None:
        """Tell what was heard of a segment that was interrupted, now that it is known."""
        if segment.cleared:
            self.emit("face_interrupted", segment.heard(position))

    async def _run_face(self) -> None:
        try:
            await self._face.run()
        except FacewireError as error:
            # The agent goes on to speak.
            logger.error("the face is gone: %s", error)


def note_words(face: AgentFace, run: SpeechRun, words: Iterable[object]) -> None:
    """Take the words of a TTS that tells their times."""
    for word in words:
        start = getattr(word, "start_time", None)
        if isinstance(word, str) and isinstance(start, (int, float)):
            face.runs.note(run, word.strip(), round(start * RATE) - run.position(run.offset))
