"""What a sink is: somewhere that faces of one stream go to."""

from typing import Protocol

from facewire.frames import AudioChunk, BlendshapeFrame, StreamSpec


class Sink(Protocol):
    """Takes the frames of one stream. Each sink has a task and a channel of its own."""

    lossless: bool
    """Whether every frame must arrive (a recorder), or the newest matter most (a viewer)."""

    async def open(self, spec: StreamSpec, engine: str) -> None:
        """Get ready for a stream of this geometry, made by this engine.

        Raises:
            ConfigError: the place cannot be opened, such as a port in use or a missing folder.
        """
        ...

    async def send(self, frame: BlendshapeFrame) -> None:
        """Take one frame."""
        ...

    async def aclose(self) -> None:
        """Let go of everything; what was taken so far is kept. May be called twice."""
        ...


class AudioListener(Protocol):
    """Also hears the audio that the faces belong to, on the same sample clock."""

    async def send_audio(self, chunk: AudioChunk) -> None:
        """Take the next samples."""
        ...
