"""What NVIDIA's services do with a call, from its first message to its last."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from facewire.face.profile import Profile
from facewire.server.audio2face.answers import (
    ControllerAnswers,
    PulledAnswers,
    PushedAnswers,
    new_ids,
)
from facewire.server.audio2face.call import Call, ClientLeft
from facewire.server.audio2face.clip import Clip
from facewire.server.audio2face.messages import SUCCESS
from facewire.server.audio2face.pulls import Pull, Pulls, checked
from facewire.server.context import ServerContext
from facewire.server.refusal import protocol_error_of
from facewire.wire.errors import ErrorCode, ProtocolError

MOST_OPENING = 64
"""Calls that have sent no header; of more, the oldest goes."""


class Services:
    """Serves calls; all may raise what `Clip.serve` raises."""

    def __init__(self, context: ServerContext, profile: Profile) -> None:
        """Get ready.

        Args:
            context: what all clients share.
            profile: of faces where the client asks for nothing else.
        """
        self._context = context
        self._profile = profile
        self._opening: dict[Call, None] = {}
        self._pulls = Pulls()

    async def process(self, call: Call) -> None:
        """Take audio, and answer with faces: `A2FControllerService/ProcessAudioStream`."""
        header = await self._header(call)
        await Clip(call, call, ControllerAnswers(), self._context, self._profile).serve(header)

    async def push(self, call: Call) -> None:
        """Take audio whose faces somebody else pulls: `A2FService/PushAudioStream`."""
        header = await self._header(call)
        ids = checked(header.animation_ids)
        pull = await self._pulls.find(ids, self._context.limits.opening_s)
        with _ending(pull):
            clip = Clip(call, pull.call, PulledAnswers(ids), self._context, self._profile)
            result = await clip.serve(header)
        await call.send(PushedAnswers().status(SUCCESS, result))

    async def request_ids(self, call: Call) -> None:
        """Give ids to push and to pull by: `AnimationControllerService/RequestAnimationIds`."""
        await call.only()
        await call.send(new_ids())

    async def pull(self, call: Call) -> None:
        """Answer with the faces of somebody's audio: `.../PullAnimationDataStream`."""
        await self._pulls.serve(call, self._context.limits.silence_s)

    async def _header(self, call: Call) -> Any:
        self._context.slots.check()
        if len(self._opening) >= MOST_OPENING:
            next(iter(self._opening)).hurry()
        self._opening[call] = None
        try:
            return await call.header()
        finally:
            del self._opening[call]


@contextmanager
def _ending(pull: Pull) -> Iterator[None]:
    """Tell who pulls how it ended, whatever that was."""
    error: ProtocolError | None = ProtocolError(
        "the client that pushed the audio left", ErrorCode.NO_STREAM
    )
    try:
        yield
        error = None
    except* ClientLeft:
        raise ProtocolError("the client that pulled the faces left", ErrorCode.NO_STREAM) from None
    except* ProtocolError as errors:
        error = protocol_error_of(errors)
        raise
    finally:
        pull.end(error)
