"""What a source is: somewhere that the audio of one stream comes from."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from facewire.audio.format import AudioFormat
from facewire.clock import Clock
from facewire.frames import AudioChunk


class Source(Protocol):
    """An async context manager to iterate over: consecutive chunks from sample 0, at one rate.

    Entering opens, and raises ConfigError for what the user can fix; leaving closes. The end of
    iteration is the end of the stream. What a source loses it replaces by silence of the same
    length, so lost audio never shifts the mouth.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def __aiter__(self) -> AsyncIterator[AudioChunk]: ...


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What the function of an entry point in `facewire.sources` gets, to make a source."""

    argument: str
    """What the user wrote after `NAME:` or `NAME://`."""
    sample_rate: int
    """The rate that its chunks must have, in Hz: the engine's."""
    clock: Clock
    pcm: AudioFormat = field(default_factory=AudioFormat)
    """What raw bytes mean (`--pcm`), for sources that read such."""
    block_ms: int = 10
    """How much sound a device shall hand over at once."""
    retry: bool = False
    """Whether a device that is missing is waited for."""
