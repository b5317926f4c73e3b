"""A bounded queue between two tasks that says what it does when full."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Overflow(Enum):
    """What `Channel.send` does when the channel is full."""

    WAIT = "wait"
    """Wait for the reader: nothing is lost, the writer slows down."""
    DROP_OLDEST = "drop-oldest"
    """Drop the oldest item and count it: the writer never waits. For live streams."""


class ChannelClosed(Exception):
    """The channel takes no more items."""


class Channel(Generic[T]):
    """A bounded queue with one reader; iteration ends when it is closed and empty."""

    def __init__(self, capacity: int, overflow: Overflow = Overflow.WAIT) -> None:
        if capacity < 1:
            raise ValueError(f"a channel holds at least one item, not {capacity}")
        self.capacity = capacity
        self.overflow = overflow
        self.dropped = 0
        self._items: deque[T] = deque()
        self._closed = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    async def send(self, item: T) -> None:
        """Add an item, as the overflow policy allows.

        Raises:
            ChannelClosed: the channel was closed, now or while waiting.
        """
        if self.overflow is Overflow.WAIT:
            while len(self) >= self.capacity and not self._closed:
                self._writable.clear()
                await self._writable.wait()
        self.send_nowait(item)

    def send_nowait(self, item: T) -> None:
        """Add an item without waiting; when full, the oldest goes and is counted.

        Raises:
            ChannelClosed: the channel was closed.
        """
        if self._closed:
            raise ChannelClosed
        if len(self) >= self.capacity:
            self._items.popleft()
            self.dropped += 1
        self._items.append(item)
        self._readable.set()

    def close(self) -> None:
        """Take no more items; the reader still gets what is there."""
        self._closed = True
        self._readable.set()
        self._writable.set()

    async def receive(self) -> T:
        """Return the oldest item.

        Raises:
            ChannelClosed: the channel is closed and empty.
        """
        while not self._items:
            if self._closed:
                raise ChannelClosed
            self._readable.clear()
            await self._readable.wait()
        item = self._items.popleft()
        self._writable.set()
        return item

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.receive()
        except ChannelClosed:
            raise StopAsyncIteration from None
