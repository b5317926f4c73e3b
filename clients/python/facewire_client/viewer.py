"""Somebody else's stream: watch its faces, and hear the audio that they belong to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

from facewire.clock import Clock
from facewire.frames import Samples
from facewire.wire import AudioMessage, WireFrame
from facewire.wire_messages import FrameFormat
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
        clock: Clock | None = None,
    ) -> None:
        """Get ready to connect.

        Args:
            url: such as "ws://127.0.0.1:8765"; the path is `/face` if there is none.
            audio: whether `faces_and_audio` shall yield audio, too.
            format: how frames travel.
            clock: this machine's monotonic time.
        """
        base = url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/face"
        super().__init__(f"{base}?format={format}&audio={int(audio)}", clock)

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
