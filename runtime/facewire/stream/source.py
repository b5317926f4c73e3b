"""What a source is: somewhere that the audio of one stream comes from."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Protocol, Self

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
