"""Live faces for whoever watches: one stream out to any number of viewers, none slowed by another.

The sink and the server share a `Broadcaster`: the sink fills it, the server brings viewers to it.
"""

import asyncio
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed

from facewire.audio.format import Encoding
from facewire.clock import SECOND, Clock
from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec
from facewire.wire.binary import (
    AudioMessage,
    encode_audio,
    encode_frame,
    encode_samples,
    wire_frame,
)
from facewire.wire.messages import Ended, FrameFormat, encode_message, json_frame

MAX_BACKLOG = 16_384
"""Bytes: a viewer that has more than this waiting misses what comes now."""

SEND_BUFFER = 65_536
"""Bytes that the system may hold for a viewer: seconds, where its own choice would be minutes."""

FAREWELL_S = 2.0
"""How long a viewer may take to say goodbye."""


@dataclass(frozen=True, slots=True)
class LiveStream:
    """What viewers watch."""

    spec: StreamSpec
    engine: str
    session: str


@dataclass(slots=True, eq=False)
class Viewer:
    """Somebody who watches, and what they got."""

    connection: ServerConnection
    format: FrameFormat = "binary"
    audio: bool = False
    """Whether they also want the audio that the faces belong to."""
    sent: int = 0
    dropped: int = 0
    """Frames that were skipped because the viewer was slow."""
    late: int = 0

    @property
    def keeps_up(self) -> bool:
        """Whether there is room for the next message."""
        return self.connection.transport.get_write_buffer_size() <= MAX_BACKLOG


class Broadcaster:
    """The live stream of a daemon, and its viewers. Used by one event loop."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._stream: LiveStream | None = None
        self._begun = asyncio.Event()
        self._watched = asyncio.Event()
        self._viewers: set[Viewer] = set()

    @property
    def viewers(self) -> int:
        """How many watch."""
        return len(self._viewers)

    async def watched(self) -> None:
        """Return as soon as somebody watches."""
        await self._watched.wait()

    async def stream(self) -> LiveStream:
        """Return the live stream, once there is one."""
        while self._stream is None:
            await self._begun.wait()
        return self._stream

    def add(self, viewer: Viewer, hello: str) -> None:
        """Send the viewer a hello, and then what comes from now on."""
        # Nothing is awaited here, so that no frame and no end can come before the hello.
        broadcast([viewer.connection], hello)
        descriptor: socket.socket = viewer.connection.transport.get_extra_info("socket")
        descriptor.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._viewers.add(viewer)
        self._watched.set()

    def remove(self, viewer: Viewer) -> None:
        """Send the viewer nothing more; it may be gone already."""
        self._viewers.discard(viewer)
        if not self._viewers:
            self._watched.clear()

    async def begin(self, spec: StreamSpec, engine: str) -> None:
        """Start the stream that viewers wait for; one of the same kind goes on."""
        if self._stream and (self._stream.spec, self._stream.engine) == (spec, engine):
            return
        await self.end()
        self._stream = LiveStream(spec, engine, secrets.token_hex(8))
        self._begun.set()

    async def end(self) -> None:
        """End the stream, if there is one, and send the viewers home."""
        self._stream = None
        self._begun.clear()
        self._watched.clear()
        leaving, self._viewers = self._viewers, set()
        async with asyncio.TaskGroup() as tasks:
            for viewer in leaving:
                tasks.create_task(_say_goodbye(viewer), name="say goodbye")

    def send(self, frame: BlendshapeFrame) -> None:
        """Send a frame to the viewers that keep up; encode it only if somebody wants it."""
        if not self._viewers or self._stream is None:
            return
        sent = self._clock.now()
        captured = frame.stamps.captured
        late = captured and (sent - captured) * self._stream.spec.frame_rate > SECOND
        ready: dict[FrameFormat, list[Viewer]] = {"binary": [], "json": []}
        for viewer in self._viewers:
            if not viewer.keeps_up:
                viewer.dropped += 1
                continue
            viewer.sent += 1
            viewer.late += bool(late)
            ready[viewer.format].append(viewer)
        travelling = wire_frame(frame, sent)
        if ready["binary"]:
            broadcast(_connections(ready["binary"]), encode_frame(travelling))
        if ready["json"]:
            broadcast(_connections(ready["json"]), encode_message(json_frame(travelling)))

    def send_audio(self, chunk: AudioChunk) -> None:
        """Send audio to the viewers that want to hear it and keep up."""
        listeners = [viewer for viewer in self._viewers if viewer.audio and viewer.keeps_up]
        if listeners:
            pcm = encode_samples(chunk.samples, Encoding.S16LE)
            broadcast(_connections(listeners), encode_audio(AudioMessage(pcm, chunk.start)))


def _connections(viewers: Iterable[Viewer]) -> list[ServerConnection]:
    return [viewer.connection for viewer in viewers]


async def _say_goodbye(viewer: Viewer) -> None:
    ended = Ended(frames=viewer.sent, dropped=viewer.dropped, late=viewer.late)
    try:
        async with asyncio.timeout(FAREWELL_S):
            await viewer.connection.send(encode_message(ended))
            await viewer.connection.close()
    except ConnectionClosed:
        pass
    except TimeoutError:
        # What the viewer did not read stands before the goodbye.
        viewer.connection.transport.abort()


class WebSocketSink:
    """A sink that is also an audio listener: everybody who watches `/face`."""

    lossless = False
    name = "viewers"

    def __init__(self, broadcaster: Broadcaster) -> None:
        self._broadcaster = broadcaster

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Let viewers in."""
        await self._broadcaster.begin(spec, engine)

    async def send(self, frame: BlendshapeFrame) -> None:
        """Broadcast a frame."""
        self._broadcaster.send(frame)

    async def send_audio(self, chunk: AudioChunk) -> None:
        """Broadcast audio to those who asked for it."""
        self._broadcaster.send_audio(chunk)

    async def aclose(self) -> None:
        """Tell the viewers that the stream has ended."""
        await self._broadcaster.end()
