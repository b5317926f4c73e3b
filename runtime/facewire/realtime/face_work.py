"""The work that makes faces of a session's audio, bite by bite, and the events of it."""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from facewire.errors import FacewireError
from facewire.realtime.audio import delta_bytes
from facewire.realtime.events import FaceDelta, FaceDone, FaceEvent, FaceFrame, FaceStarted
from facewire.realtime.item_face import ItemFace

logger = logging.getLogger(__name__)

Compute = Callable[[int, Callable[[], Any]], Awaitable[Any]]
"""Does work in a thread, soonest due (in ns) first, and returns what it returns."""


class FaceWork:
    """What waits to be heard, in the order in which it came. Used by one event loop."""

    def __init__(self, compute: Compute, on_failure: Callable[[ItemFace, str], None]) -> None:
        """Begin with none.

        Args:
            compute: where it is done.
            on_failure: is called with an item whose face cannot be made, and why.
        """
        self.made = deque[FaceEvent]()
        """What was made and is not told yet."""
        self.waiting_s = 0.0
        """Seconds of audio that wait."""
        self._compute = compute
        self._on_failure = on_failure
        self._waiting = deque[tuple[ItemFace, str | bytes | None]]()
        """Base64, then whole samples, then None, which ends an item."""
        self._working: ItemFace | None = None
        self._numbers = 0

    def put(self, item: ItemFace, work: str | None) -> None:
        """Take the next audio of an item, as base64; None ends it."""
        self._add(item, work)

    def drop(self, item: ItemFace) -> None:
        """Make no more of an item, and tell no more of it."""
        item.over = True
        if item is not self._working:
            item.close()
        self.made = deque(event for event in self.made if not _is_of(event, item))
        kept = [(other, work) for other, work in self._waiting if other is not item]
        self._waiting.clear()
        self.waiting_s = 0.0
        for other, work in kept:
            self._add(other, work)

    def names(self, item: ItemFace) -> dict[str, Any]:
        """Return what every event about an item says."""
        self._numbers += 1
        return {
            "event_id": f"facewire_{self._numbers}",
            "response_id": item.response_id,
            "item_id": item.item_id,
            "content_index": item.content_index,
        }

    async def step(self) -> bool:
        """Do the next piece of work, and return whether there was any."""
        if not self._waiting:
            return False
        item, work = self._waiting.popleft()
        if isinstance(work, str):
            self.waiting_s = max(0.0, self.waiting_s - item.audio.seconds(delta_bytes(work)))
        if item.rested:
            return True
        self._working = item
        try:
            await self._hear(item, work)
        except FacewireError as error:
            self._on_failure(item, str(error))
        except Exception:
            logger.exception("the face of an item failed")
            self._on_failure(item, "the engine failed; the log says why")
        finally:
            self._working = None
            if item.rested:
                item.close()
        return True

    def close(self) -> None:
        """Forget what waits, and give back what that holds."""
        for item, _ in self._waiting:
            item.close()
        self._waiting.clear()
        self.made.clear()

    def _add(self, item: ItemFace, work: str | bytes | None) -> None:
        self._waiting.append((item, work))
        if isinstance(work, str):
            self.waiting_s += item.audio.seconds(delta_bytes(work))

    async def _hear(self, item: ItemFace, work: str | bytes | None) -> None:
        if item.spec is None:
            await self._compute(item.due, item.open)
            self._tell(item, lambda: self._started(item))
        if isinstance(work, str):
            bites: list[bytes] = await self._compute(item.due, lambda: item.bites(work))
            self._waiting.extendleft((item, bite) for bite in reversed(bites))
            return
        hear = item.finish if work is None else lambda: item.hear(work)
        frames: list[FaceFrame] = await self._compute(item.due, hear)
        if frames:
            self._tell(item, lambda: self._delta(item, frames))
            item.frames += len(frames)
        if work is None:
            self._tell(item, lambda: self._done(item))
            item.close()

    def _tell(self, item: ItemFace, event: Callable[[], FaceEvent]) -> None:
        """Add an event, unless the item ended while it was made."""
        if not item.rested:
            self.made.append(event())

    def _started(self, item: ItemFace) -> FaceStarted:
        assert item.spec is not None, "it was opened"
        return FaceStarted(
            **self.names(item),
            output_index=item.output_index,
            sample_rate=item.audio.sample_rate,
            frame_rate=item.spec.frame_rate.as_integer_ratio(),
            lookahead_ms=item.spec.lookahead_ms,
            names=item.spec.names,
        )

    def _delta(self, item: ItemFace, frames: list[FaceFrame]) -> FaceDelta:
        start = item.start_sample(item.frames)
        return FaceDelta(
            **self.names(item),
            first_frame=item.frames,
            start_sample=start,
            start_ms=item.ms(start),
            frames=frames,
        )

    def _done(self, item: ItemFace) -> FaceDone:
        return FaceDone(
            **self.names(item),
            frame_count=item.frames,
            samples=item.samples,
            ms=item.ms(item.samples),
        )


def _is_of(event: FaceEvent, item: ItemFace) -> bool:
    return (event.item_id, event.content_index) == item.key
