"""Clients that wait for the faces of audio that somebody else pushes, by its `AnimationIds`."""

import asyncio
from typing import Any

from facewire.server.audio2face.answers import PulledAnswers
from facewire.server.audio2face.call import Call
from facewire.server.audio2face.messages import ERROR
from facewire.wire.errors import ErrorCode, ProtocolError

MOST_WAITING = 64
"""Clients that wait for audio, and as many whose audio waits for them."""
_IDS = ("stream_id", "request_id", "target_object_id")


class Pull:
    """One client that waits, then gets one clip's faces, and then hears that it is over."""

    def __init__(self, ids: Any, call: Call) -> None:
        """Get ready, in a running loop.

        Args:
            ids: whose faces it wants; what they leave empty may be anything.
            call: of the client.
        """
        self.ids = ids
        self.call = call
        self.taken = asyncio.Event()
        self.over: asyncio.Future[ProtocolError | None] = asyncio.Future()
        """What went wrong, if anything, once it is over."""

    def wants(self, ids: Any) -> bool:
        """Whether these are the faces."""
        return all(getattr(self.ids, one) in ("", getattr(ids, one)) for one in _IDS)

    def end(self, error: ProtocolError | None = None) -> None:
        """Say that it is over, and what went wrong."""
        if not self.over.done():
            self.over.set_result(error)


class Pulls:
    """Brings those who pull and those who push together, whoever comes first."""

    def __init__(self) -> None:
        self._waiting: list[Pull] = []
        self._looking: set[asyncio.Event] = set()

    async def serve(self, call: Call, within_s: float) -> None:
        """Serve a client that pulls: one request that it names, or all of a stream, one by one.

        Args:
            call: of the client.
            within_s: how long it may wait for audio.

        Raises:
            ProtocolError: nobody pushes, or what went wrong with who did.
        """
        ids = checked(await call.only())
        while True:
            pull = Pull(ids, call)
            await self._offer(pull, within_s)
            error = await pull.over
            if error is not None and (ids.request_id or error.code is ErrorCode.SLOW_READER):
                raise error
            if error is not None:
                await call.send(PulledAnswers().status(ERROR, f"{error}."))
            if ids.request_id:
                return

    async def _offer(self, pull: Pull, within_s: float) -> None:
        """Return once there is audio.

        Raises:
            ProtocolError: there is none in time.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise ProtocolError("too many clients wait for audio; try later", ErrorCode.BUSY)
        self._waiting.append(pull)
        for looking in self._looking:
            looking.set()
        try:
            async with asyncio.timeout(within_s):
                await pull.taken.wait()
        except TimeoutError:
            raise ProtocolError(
                f"no audio of the stream {pull.ids.stream_id!r} was pushed for {within_s:g} s",
                ErrorCode.IDLE,
            ) from None
        finally:
            if not pull.taken.is_set():
                self._waiting.remove(pull)

    async def find(self, ids: Any, within_s: float) -> Pull:
        """Return who pulls these faces, once somebody does.

        Raises:
            ProtocolError: nobody does in time.
        """
        if len(self._looking) >= MOST_WAITING:
            raise ProtocolError("too much audio waits for who pulls its faces", ErrorCode.BUSY)
        looking = asyncio.Event()
        self._looking.add(looking)
        try:
            async with asyncio.timeout(within_s):
                while (found := self._taken(ids)) is None:
                    await looking.wait()
                    looking.clear()
            return found
        except TimeoutError:
            raise ProtocolError(
                f"nobody pulls the faces of the stream {ids.stream_id!r}; call "
                "PullAnimationDataStream with its animation_ids",
                ErrorCode.IDLE,
            ) from None
        finally:
            self._looking.discard(looking)

    def _taken(self, ids: Any) -> Pull | None:
        pull = next((one for one in self._waiting if one.wants(ids)), None)
        if pull is not None:
            self._waiting.remove(pull)
            pull.taken.set()
        return pull


def checked(ids: Any) -> Any:
    """Return `AnimationIds` that say which stream.

    Raises:
        ProtocolError: they do not.
    """
    if not ids.stream_id:
        raise ProtocolError("animation_ids have no stream_id; give one that both clients know")
    return ids
