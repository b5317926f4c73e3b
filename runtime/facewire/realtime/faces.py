"""A face for a realtime session: feed it the session's events, iterate it for the face's."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from facewire.animator import Animator, AnimatorOptions
from facewire.clock import Clock, SystemClock
from facewire.realtime.audio import RealtimeAudio, audio_of, delta_bytes, interrupts
from facewire.realtime.events import (
    AUDIO_DELTA,
    AUDIO_DONE,
    SESSION,
    FaceEvent,
    FaceRest,
    RealtimeEvent,
    RestReason,
    read_event,
)
from facewire.realtime.face_work import Compute, FaceWork
from facewire.realtime.item_face import ItemFace, Key
from facewire.stream.engines import load_engine

logger = logging.getLogger(__name__)

OPEN = 8
"""Items that may be heard at once; the oldest ends where a session begins more."""
REMEMBERED = 64
"""Items, and responses that were cancelled, that a truncation or late audio may still name."""
HELD_S = 600.0
"""Seconds of audio that may wait for the engine."""

T = TypeVar("T")
Message = str | bytes | Mapping[str, Any]


class RealtimeFaces:
    """The faces of one session, in the process that has its events.

    `server_event` and `client_event` return at once: faces are made by whoever iterates, in
    threads. Used by one event loop, with one iterating task.
    """

    def __init__(
        self,
        options: AnimatorOptions | None = None,
        *,
        clock: Clock | None = None,
        compute: Compute | None = None,
        held_s: float = HELD_S,
    ) -> None:
        """Get ready; `async with` loads the engine.

        Args:
            options: how speech is animated; each item moves by the next seed.
            clock: tells how much an app that plays audio as it comes has played.
            compute: where faces are made; by default in asyncio's threads.
            held_s: seconds of audio that may wait for a slow engine before an item's face ends.
        """
        self._options = options or AnimatorOptions()
        self._clock = clock or SystemClock()
        self._held_s = held_s
        self._audio = RealtimeAudio()
        self._response_audio: tuple[str, RealtimeAudio] | None = None
        self._interrupts = True
        self._response: str | None = None
        """The one that runs."""
        self._cancelled = deque[str](maxlen=REMEMBERED)
        self._items: dict[Key, ItemFace] = {}
        self._work = FaceWork(compute or _in_thread, self._fail)
        self._rests: dict[Key, FaceRest] = {}
        self._changed = asyncio.Event()
        self._closed = False
        self._ended = False
        self._opened = 0
        self._failed = False

    async def __aenter__(self) -> Self:
        """Load the engine, if the options name it.

        Raises:
            ConfigError: there is no such engine.
            EngineError: its model is missing or damaged.
        """
        if isinstance(self._options.engine, str):
            engine = await asyncio.to_thread(load_engine, self._options.engine)
            self._options = replace(self._options, engine=engine)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the iteration, and give back what the session holds."""
        self._closed = True
        self._work.close()
        for item in self._items.values():
            item.close()
        self._changed.set()

    def end(self) -> None:
        """Take no more audio; the iteration ends with the last face of what came."""
        self._ended = True
        for item in self._items.values():
            self._end(item)
        self._changed.set()

    def server_event(self, message: Message) -> None:
        """Take an event that the server sent: its JSON, or what was read of it."""
        event = _read(message)
        if event is None:
            return
        if event.type in AUDIO_DELTA:
            self._take_audio(event)
        elif event.type in AUDIO_DONE:
            if item := self._items.get((event.item_id or "", event.content_index or 0)):
                self._end(item)
        elif event.type in SESSION:
            self._audio = audio_of(event.session) or self._audio
            said = interrupts(event.session)
            self._interrupts = self._interrupts if said is None else said
        elif event.type == "response.created":
            self._begin_response(event.response)
        elif event.type == "response.done":
            self._end_response(event.response)
        elif event.type == "input_audio_buffer.speech_started" and self._interrupts:
            self._rest_all("speech_started", None)
        elif event.type == "conversation.item.truncated":
            self._truncate(event)

    def client_event(self, message: Message) -> None:
        """Take an event that the app sends: a truncation, or that an answer is cancelled."""
        event = _read(message)
        if event is None:
            return
        if event.type == "conversation.item.truncate":
            self._truncate(event)
        elif event.type == "response.cancel" and (cancelled := event.response_id or self._response):
            self._cancelled.append(cancelled)
            self._rest_all("cancelled", cancelled)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FaceEvent:
        """Return the next event, rests first."""
        while True:
            if self._closed:
                raise StopAsyncIteration
            if self._rests:
                return self._rests.pop(next(iter(self._rests)))
            if self._work.made:
                return self._work.made.popleft()
            if await self._work.step():
                continue
            if self._ended:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()

    def _take_audio(self, event: RealtimeEvent) -> None:
        if not (event.item_id and isinstance(event.delta, str) and event.delta):
            return
        item = self._items.get((event.item_id, event.content_index or 0))
        if item is None:
            if event.response_id in self._cancelled:
                return
            item = self._open(event)
        if item.over:
            return
        item.bytes_come += delta_bytes(event.delta)
        self._put(item, event.delta)
        if self._work.waiting_s > self._held_s:
            self._fail(
                item,
                f"more than {self._held_s:g} s of audio wait for the engine; choose a faster one, "
                "or serve fewer apps at once",
            )

    def _open(self, event: RealtimeEvent) -> ItemFace:
        """Begin an item; those that nobody ended and that are too many end."""
        alive = [item for item in self._items.values() if not item.over]
        for item in alive[: len(alive) - OPEN + 1]:
            self._end(item)
        for key in list(self._items)[: len(self._items) - REMEMBERED]:
            if self._items[key].over:
                del self._items[key]
        playing = [item.ends for item in self._items.values() if not item.rested]
        response, audio = event.response_id or "", self._audio
        if self._response_audio and self._response_audio[0] == response:
            audio = self._response_audio[1]
        seed = self._options.seed
        options = replace(self._options, seed=None if seed is None else seed + self._opened)
        self._opened += 1
        item = ItemFace(
            event.item_id or "",
            event.content_index or 0,
            response,
            event.output_index or 0,
            audio,
            max([self._clock.now(), *playing]),
            lambda rate: Animator(rate, options),
        )
        self._items[item.key] = item
        return item

    def _begin_response(self, response: Any) -> None:
        if isinstance(response, Mapping) and isinstance(name := response.get("id"), str):
            self._response = name
            audio = audio_of(response)
            self._response_audio = (name, audio) if audio else None

    def _end_response(self, response: Any) -> None:
        if not isinstance(response, Mapping):
            return
        name = response.get("id")
        if name == self._response:
            self._response = None
        if response.get("status") == "cancelled" and isinstance(name, str):
            self._rest_all("cancelled", name)
        for item in self._items.values():
            if item.response_id == name:
                self._end(item)

    def _end(self, item: ItemFace) -> None:
        """Take no more audio of an item."""
        if not item.over:
            item.over = True
            self._put(item, None)

    def _put(self, item: ItemFace, work: str | None) -> None:
        self._work.put(item, work)
        self._changed.set()

    def _rest_all(self, reason: RestReason, response: str | None) -> None:
        """End what an app that plays audio as it comes has not played yet, of one response or all.

        Nobody has said what was heard, so that is what the clock says.
        """
        now = self._clock.now()
        for item in self._items.values():
            unheard = not item.over or item.ends > now
            if unheard and not item.rested and response in (None, item.response_id):
                self._rest(item, reason, item.heard(now), estimated=True)

    def _truncate(self, event: RealtimeEvent) -> None:
        """End an item where the app says; the server's answer, which says the same, is no news."""
        item = self._items.get((event.item_id or "", event.content_index or 0))
        if item is None or event.audio_end_ms is None or not event.audio_end_ms >= 0:
            return  # a NaN is no time either
        sample = item.sample_of_ms(event.audio_end_ms)
        if item.truncated_at != sample:
            item.truncated_at = sample
            self._rest(item, "truncated", sample, estimated=False)

    def _rest(
        self, item: ItemFace, reason: RestReason, sample: int, *, estimated: bool, message: str = ""
    ) -> None:
        item.rested = True
        self._work.drop(item)
        self._rests[item.key] = FaceRest(
            **self._work.names(item),
            reason=reason,
            end_sample=sample,
            end_ms=item.ms(sample),
            end_frame=item.last_frame_before(sample),
            estimated=estimated,
            message=message,
        )
        self._changed.set()

    def _fail(self, item: ItemFace, message: str) -> None:
        """End the face of an item, and say why; the log says so once in a session."""
        if not self._failed:
            logger.warning("item %.40s has no face: %s", item.item_id, message)
        self._failed = True
        end = min(item.start_sample(item.frames), item.samples)
        self._rest(item, "failed", end, estimated=True, message=message)


async def _in_thread(due: int, work: Callable[[], T]) -> T:
    return await asyncio.to_thread(work)


def _read(message: Message) -> RealtimeEvent | None:
    if not isinstance(message, Mapping):
        return read_event(message)
    try:
        return msgspec.convert(message, RealtimeEvent)
    except msgspec.ValidationError:
        return None
