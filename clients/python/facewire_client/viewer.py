"""Somebody else's stream: watch its faces, and hear the audio that they belong to."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np

from facewire.clock import Clock
from facewire.frames import Samples
from facewire.wire.binary import AudioMessage, WireFrame
from facewire.wire.messages import FrameFormat
from facewire_client.connection import Connection


@dataclass(frozen=True, slots=True, eq=False)
class AudioRun:
    """Consecutive samples of the stream."""

    samples: Samples
    """[T], in [-1, 1], at the hello's sample rate."""
    start: int
    """Index of the first one; in a live stream, a jump means that this viewer was too slow."""
    turn: int = 0
    """Which utterance of the stream; a live stream has one."""


def audio_run(message: AudioMessage) -> AudioRun:
    """Return the samples of a server's audio message."""
    values = np.frombuffer(message.pcm, "<i2").astype(np.float32)
    return AudioRun(values / np.float32(32_768), message.start, message.turn)


class FaceViewer(Connection):
    """The live stream of a daemon. Frames that come faster than they are read are skipped."""

    def __init__(
        self,
        url: str,
        *,
        audio: bool = False,
        format: FrameFormat = "binary",  # noqa: A002 # it is called so on the wire
        tls: ssl.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Get ready to connect.

        Args:
            url: such as "ws://127.0.0.1:8765" or "https://example.org/facewire/?token=abc".
            audio: whether `faces_and_audio` shall yield audio, too; it may need the token.
            format: how frames travel.
            tls: which certificates are trusted; None: those that this machine trusts.
            clock: this machine's monotonic time.
        """
        query = {"format": format, "audio": str(int(audio))}
        super().__init__(url, "face", query=query, tls=tls, clock=clock)

    async def __aiter__(self) -> AsyncIterator[WireFrame]:
        """Yield frames until the stream ends.

        Raises:
            ServerError: the server refused something, or went away.
        """
        async for item in self.messages():
            if isinstance(item, WireFrame):
                yield item

    async def faces_and_audio(self) -> AsyncIterator[WireFrame | AudioRun]:
        """Yield frames and runs of audio as they come, until the stream ends.

        Raises:
            ServerError: the server refused something, or went away.
        """
        async for item in self.messages():
            if isinstance(item, WireFrame):
                yield item
            elif isinstance(item, AudioMessage):
                yield audio_run(item)
