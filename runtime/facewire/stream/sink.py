"""What a sink is: somewhere that faces of one stream go to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from facewire.clock import Clock
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
        """Let go of everything; what was taken so far is kept. May be called twice.

        Raises:
            OSError: what was taken cannot be kept, such as on a full disk.
        """
        ...


class AudioListener(Protocol):
    """Also hears the audio that the faces belong to, on the same sample clock."""

    async def send_audio(self, chunk: AudioChunk) -> None:
        """Take the next samples."""
        ...


class Recording(Protocol):
    """What a recorder makes."""

    @property
    def path(self) -> Path:
        """Where it is, or will be once it is whole."""
        ...

    @property
    def kept(self) -> int:
        """How many frames, samples or words are on disk, whole."""
        ...

    @property
    def whole(self) -> bool:
        """Whether the recorder is closed, and everything that it took is on disk."""
        ...

    def usable(self) -> str:
        """Say how much of it can be used, and how, where it is not whole."""
        ...


@runtime_checkable
class Recorder(Protocol):
    """A sink, or a listener, that keeps a stream: one that fails makes the command fail."""

    @property
    def recording(self) -> Recording:
        """What it makes."""
        ...

    async def aclose(self) -> None:
        """Let go of everything; what was taken so far is kept. May be called twice.

        Raises:
            OSError: what was taken cannot be kept, such as on a full disk.
        """
        ...


@dataclass(frozen=True, slots=True)
class SinkRequest:
    """What the function of an entry point in `facewire.sinks` gets, to make a sink.

    One that is called `.ENDING` makes recorders: it is asked for files of that ending, whose path
    may be recorded into. Any other is asked for by `NAME:ARGUMENT` or `NAME://ARGUMENT`.
    """

    uri: str
    """All that the user wrote."""
    argument: str
    """What follows the name, or the path of the file."""
    clock: Clock
    overwrite: bool = False
    """Whether a file that exists is replaced; otherwise it is an error."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Of a file, all that the function's `about` names, checked; empty where none was given."""
