# pyright: reportMissingImports=false
"""An avatar of LiveKit whose face is data: whoever is in the room draws it."""

import asyncio
import logging
from contextlib import suppress

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice.avatar import AvatarSession

from facewire.clock import Clock, SystemClock
from facewire.errors import ConfigError
from facewire.frames import BlendshapeFrame
from facewire.stream.channel import Channel, Overflow
from facewire.stream.threads import ServerThreads
from facewire.wire.binary import encode_frame, wire_frame
from facewire_agents.faces import FaceOptions
from facewire_agents.faces.agent_face import OpenThreads
from facewire_agents.livekit.output import FaceOutput

logger = logging.getLogger(__name__)

TOPIC = "facewire"
"""Of the data packets: binary frames of the protocol (docs/protocol.md), each whole."""
WAITING = 8
"""Faces that wait to be sent, before the oldest one is left out."""


class FaceAvatar(AvatarSession):
    """Gives a session a face, and sends it to the room as data packets without acknowledgement.

    Started after the session, since the sound stays the session's own.
    """

    def __init__(
        self,
        options: FaceOptions | None = None,
        *,
        topic: str = TOPIC,
        clock: Clock | None = None,
        threads: OpenThreads = ServerThreads,
    ) -> None:
        """Get ready; nothing is opened.

        Args:
            options: how faces are made, and where they go besides the room.
            topic: of the data packets.
            clock: keeps time.
            threads: makes the threads that faces are made on.
        """
        super().__init__()
        self.output: FaceOutput | None = None
        """Shows the face; None before the start."""
        self._options = options
        self._topic = topic
        self._clock = clock or SystemClock()
        self._threads = threads
        self._faces = Channel[BlendshapeFrame](WAITING, Overflow.DROP_OLDEST)
        self._publishing: asyncio.Task[None] | None = None
        self._failed = False

    @property
    def avatar_identity(self) -> str:
        """The agent's own, as it is the agent who sends the face."""
        return str(self._room.local_participant.identity) if self._room is not None else ""

    @property
    def provider(self) -> str:
        """Who makes the face."""
        return "facewire"

    async def start(self, agent_session: AgentSession, room: rtc.Room) -> None:
        """Show the session's speech from now on.

        Raises:
            ConfigError: the session has no audio output yet, or the options cannot be met.
        """
        sink = agent_session.output.audio
        if sink is None:
            raise ConfigError("the session has no audio output yet; start the avatar after it")
        self._room, self._agent_session = room, agent_session
        self.output = FaceOutput(sink, self._options, clock=self._clock, threads=self._threads)
        await self.output.start()
        self.output.on_face(self._faces.send_nowait)
        self._publishing = asyncio.create_task(self._publish(room), name="publish faces")
        agent_session.output.audio = self.output

    async def wait_for_join(self, *, timeout: float | None = 30.0) -> None:
        """Return at once: nobody else joins, and there is no video."""

    async def aclose(self) -> None:
        """Leave the session its sound, and stop."""
        if self._publishing is not None:
            self._publishing.cancel()
            with suppress(asyncio.CancelledError):
                await self._publishing
            self._publishing = None
        if self.output is not None and self._agent_session is not None:
            if self._agent_session.output.audio is self.output:
                self._agent_session.output.audio = self.output.next_in_chain
            await self.output.aclose()
        self.output = self._agent_session = self._room = None

    async def _publish(self, room: rtc.Room) -> None:
        async for face in self._faces:
            payload = encode_frame(wire_frame(face, self._clock.now()))
            try:
                await room.local_participant.publish_data(
                    payload, reliable=False, topic=self._topic
                )
            except Exception as error:
                # A room that is left and joined again is no reason to stop, nor to log each face.
                if not self._failed:
                    logger.warning("the face does not reach the room: %s", error)
                self._failed = True
            else:
                self._failed = False
