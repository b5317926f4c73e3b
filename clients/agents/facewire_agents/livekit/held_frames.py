# pyright: reportMissingImports=false
"""Sound that waits for its faces on its way to LiveKit's next output, which may take its time."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable

from livekit.agents.voice.io import AudioOutput

from facewire.clock import MILLISECOND, SECOND, Clock
from facewire_agents.faces import AgentFace, SpeechRun
from facewire_agents.faces.patience import patience_ends
from facewire_agents.livekit.segment import HeldFrame, Segment

logger = logging.getLogger(__name__)

HELD_S = 10.0
"""How much sound may wait here before the TTS has to."""
SLOW_NS = 200 * MILLISECOND
"""A sink that plays nothing for so long, and has been offered something, holds the face up."""
SINK = "sink"
"""Why the face stands still then."""


class HeldFrames:
    """Frames and the ends of their segments, in order. Used by one event loop.

    They are handed on by a task that lives as long as there is something to hand on.
    """

    def __init__(
        self,
        face: AgentFace,
        sink: AudioOutput,
        clock: Clock,
        *,
        lost: Callable[[Segment], None],
    ) -> None:
        """Begin with nothing.

        Args:
            face: makes the faces, and shows them.
            sink: plays the sound.
            clock: keeps time.
            lost: is told of a segment of which the sink has nothing, so that it never ends it.
        """
        self.segments: deque[Segment] = deque()
        """Those that the sink has not finished."""
        self._face = face
        self._sink = sink
        self._clock = clock
        self._lost = lost
        self._held: deque[HeldFrame | Segment] = deque()
        """Frames, and each segment behind its last one."""
        self._held_ns = 0
        self._room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._offering = asyncio.Lock()
        """Held while the sink has been offered a frame, also by a task that is cancelled."""
        self._offered: HeldFrame | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def add(self, frames: Iterable[HeldFrame]) -> None:
        """Take the next frames; wait if too much is held."""
        for held in frames:
            self._held.append(held)
            self._held_ns += held.duration_ns
        self._go_on()
        while self._held_ns > HELD_S * SECOND:
            self._room.clear()
            await self._room.wait()

    def end(self, segment: Segment) -> None:
        """Take no more of a segment."""
        self._held.append(segment)
        self._go_on()

    def clear(self) -> None:
        """Forget what the sink has not taken."""
        self._held.clear()
        self._held_ns = 0
        self._room.set()
        if self._task is not None:
            # A frame that waits to be taken must not be taken after this.
            self._task.cancel()
            self._task = None

    def started(self, when: int) -> None:
        """Learn that the sink began to play a segment, at a time in ns."""
        waiting = next((one for one in self.segments if one.free is None), None)
        if waiting is not None:
            self._face.resume(SINK)
            waiting.start(self._face, when)
        self.look()

    def look(self) -> None:
        """Let the face stand still while the sink plays nothing of what it has been offered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        since, now = self._silent_since(), self._clock.now()
        if since is not None and now >= since + SLOW_NS:
            self._face.pause(SINK)
            return
        self._face.resume(SINK)
        if since is not None:
            wait = (since + SLOW_NS - now) / SECOND
            self._timer = asyncio.get_running_loop().call_later(wait, self.look)

    def flush(self, segment: Segment) -> None:
        """Tell the sink that it has all of a segment."""
        segment.flushed = True
        self._sink.flush()

    def _silent_since(self) -> int | None:
        """Return from when on the sink has nothing to play, in ns; None if that is no fault."""
        offered = self._offered
        segment = self.segments[0] if self.segments else None
        if segment is None or segment.offered is None:
            return None
        if segment.free is None:
            return segment.offered
        return segment.free if offered is not None and offered.segment is segment else None

    def _go_on(self) -> None:
        self._face.made.set()
        if self._held and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._forward(), name="forward sound")

    async def _forward(self) -> None:
        """Hand on what has its faces, in order, until nothing is left."""
        while self._held:
            item = self._held[0]
            if isinstance(item, Segment):
                self._held.popleft()
                self._end(item)
            elif item.segment not in self.segments:
                # The sink has ended it, as one that is exchanged does.
                self._drop_first(item)
            elif item.run is not None and not item.run.has_faces(item.last):
                await self._wait_for_faces(item, item.run)
            else:
                self._drop_first(item)
                async with self._offering:
                    await self._offer(item)

    def _drop_first(self, held: HeldFrame) -> None:
        """Hold the first frame no longer."""
        self._held.popleft()
        self._held_ns -= held.duration_ns
        self._room.set()

    async def _wait_for_faces(self, held: HeldFrame, run: SpeechRun) -> None:
        segment, now = held.segment, self._clock.now()
        until = patience_ends(run, segment.last_sound, max(segment.free or now, now))
        if until > now:
            await self._face.made.wait(until)
        elif run.ended:
            logger.warning("the faces of some speech take too long; it goes on without them")
            run.over = True
        else:
            self._face.runs.end(run)

    async def _offer(self, held: HeldFrame) -> None:
        """Hand a frame to the sink, and note when it is heard."""
        segment, self._offered = held.segment, held
        segment.offered = segment.offered or self._clock.now()
        self.look()
        try:
            await self._sink.capture_frame(held.frame)
        except (Exception, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            self._complain(segment, error)
        else:
            # Only now it is known that the sink has it.
            self._face.resume(SINK)
            segment.forward(self._face, held, self._clock.now())
        finally:
            self._offered = None
            self.look()

    def _end(self, segment: Segment) -> None:
        try:
            self.flush(segment)
        except Exception as error:
            self._complain(segment, error)
        if segment in self.segments and not segment.forwarded:
            # The sink took nothing of it, so nobody else says that it is over.
            self.segments.remove(segment)
            self._lost(segment)

    def _complain(self, segment: Segment, error: BaseException) -> None:
        if not segment.refused:
            logger.error(
                "the output does not take some speech (%s: %s); it goes on with what follows",
                type(error).__name__, error,
            )  # fmt: skip
        segment.refused = True


def _is_cancelled() -> bool:
    """Tell whether this task is, and not something that the sink waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
