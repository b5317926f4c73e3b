"""The intake of a client's stream: takes its audio, and goes on with silence when that stops."""

import asyncio

from facewire.clock import MILLISECOND, SECOND, Clock
from facewire.server.client import Client, already_open
from facewire.server.client_pace import Pace
from facewire.server.session_audio import AudioIntake, PcmPiece, Punctuality
from facewire.stream.channel import Channel
from facewire.wire.binary import AudioMessage, decode_audio
from facewire.wire.messages import End, Ping, SetEmotion
from facewire.wire.session import OpenSession, SetLookahead, Silence, decode_session_request

FILL_NS = 10 * MILLISECOND
"""How often silence goes on, once it began: as often as a microphone would."""
LONGEST_FILL_NS = SECOND

Heard = PcmPiece | SetLookahead | SetEmotion | Silence


class SessionListener:
    """Reads one stream's messages until its end. Used by one task."""

    def __init__(
        self,
        client: Client,
        intake: AudioIntake,
        clock: Clock,
        silence_ns: int | None,
    ) -> None:
        """Get ready.

        Args:
            client: whose stream it is.
            intake: checks the audio.
            clock: tells when it came.
            silence_ns: after so long without audio, beyond what was heard, silence goes on; None
                for never.
        """
        self._client = client
        self._intake = intake
        self._clock = clock
        self._silence_ns = silence_ns
        self._pace = Pace()
        self._filling = False

    async def listen(self, pieces: Channel[Heard], punctuality: Punctuality) -> None:
        """Take audio until the client says that it was all.

        Raises:
            ProtocolError: a message breaks the protocol, or none came for too long.
            ConnectionClosed: the client left.
        """
        self._client.inbox.touch()
        while not isinstance(message := await self._next(pieces), End):
            if isinstance(message, OpenSession):
                raise already_open()
            if isinstance(message, SetLookahead | SetEmotion):
                await pieces.send(message)
            else:
                await self._hear(message, pieces, punctuality)
            self._client.inbox.touch()
            await asyncio.sleep(0)  # others get their turn

    async def _hear(
        self, message: AudioMessage, pieces: Channel[Heard], punctuality: Punctuality
    ) -> None:
        inbox = self._client.inbox
        punctuality.hear(inbox.arrived)
        due = self._pace.hear(self._intake.duration(message), inbox.arrived, inbox.waited)
        self._filling = False
        for piece in self._intake.take(message, inbox.arrived, due):
            await pieces.send(piece)

    async def _next(
        self, pieces: Channel[Heard]
    ) -> OpenSession | SetLookahead | SetEmotion | End | AudioMessage:
        """Return the next message; meanwhile go on with silence, and answer pings."""
        began = self._clock.now()
        while True:
            data = await self._client.inbox.within(self._wake(began))
            if data is None:
                self._client.inbox.check_silence()
                await self._fill(pieces)
                continue
            message = decode_message(data)
            if not isinstance(message, Ping):
                return message
            await self._client.answer(message)
            self._client.inbox.touch()
            await asyncio.sleep(0)

    def _wake(self, began: int) -> int:
        """Return when something has to be done if nothing comes, in ns."""
        silent_until, heard_until = self._client.inbox.silent_until, self._pace.heard_until
        if self._silence_ns is None or not heard_until:
            return silent_until
        if self._filling:
            return min(silent_until, heard_until + FILL_NS)
        # What waits in the socket while the server has too much to do is not missing.
        return min(silent_until, max(heard_until, began) + self._silence_ns)

    async def _fill(self, pieces: Channel[Heard]) -> None:
        """Go on as if silence had come since the audio was over."""
        now = self._clock.now()
        if self._silence_ns is None or not self._pace.heard_until:
            return
        if not self._filling and self._client.connection.silent_s * SECOND < self._silence_ns / 2:
            return
        self._filling = True
        for piece in self._intake.fill(self._pace.fill(now, LONGEST_FILL_NS), now):
            await pieces.send(piece)


def decode_message(
    data: str | bytes,
) -> OpenSession | SetLookahead | SetEmotion | End | Ping | AudioMessage:
    """Parse what a client of /session sends.

    Raises:
        ProtocolError: it is not a message of this version.
    """
    return decode_audio(data) if isinstance(data, bytes) else decode_session_request(data)
