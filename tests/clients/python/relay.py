"""A network between a client and a server that can fail without a word."""

import asyncio
from types import TracebackType
from typing import Self

CHUNK = 65_536


class Relay:
    """Passes bytes on, both ways, until it is told not to; an async context manager."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._up, self._down = asyncio.Event(), asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen."""
        self.mend()
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(self._listener.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Cut everything."""
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Pass nothing on any more, and say nothing about it."""
        self._up.clear()
        self._down.clear()

    def hold_up(self) -> None:
        """Take nothing more from clients, as a server does that lets them wait."""
        self._up.clear()

    def mend(self) -> None:
        """Pass everything on again."""
        self._up.set()
        self._down.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, there[1]}
        for source, target, passes in (
            (reader, there[1], self._up), (there[0], writer, self._down),
        ):  # fmt: skip
            self._tasks.add(asyncio.create_task(_pass_on(source, target, passes)))


async def _pass_on(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, passes: asyncio.Event
) -> None:
    try:
        while data := await source.read(CHUNK):
            await passes.wait()
            target.write(data)
            await target.drain()
        target.write_eof()
    except OSError:
        target.transport.abort()
