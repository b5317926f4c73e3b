"""A file that grows record by record, is on disk within a second, and knows how much is whole."""

import asyncio
import contextlib
import errno
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from facewire.clock import SECOND, Clock
from facewire.sinks.file_opening import OpenFile, cannot_record, open_to_record

FLUSH_NS = SECOND
MAX_RECORDS = 2_000
"""Records that wait for the disk, where they come faster than in real time."""
PIPE_PATIENCE_MS = 5_000
"""How long a pipe may be full."""

Records = Sequence[tuple[bytes, int]]
"""What is written whole or not at all, each with how many frames, samples or words it is."""


def count_frames(frame_rate: Fraction) -> Callable[[int], str]:
    """Return how to say how many frames there are."""
    return lambda count: f"{count} frames ({float(count / frame_rate):.2f} s)"


def count_samples(sample_rate: int) -> Callable[[int], str]:
    """Return how to say how much sound there is."""
    return lambda count: f"{count / sample_rate:.2f} s"


def count_words(count: int) -> str:
    """Say how many words there are."""
    return f"{count} words"


class RecordingFile:
    """Records on their way to a file. Writing happens in threads: a slow disk delays nobody else.

    A record that does not fit, because the disk is full, is cut off again: what is there can
    always be read. A file that gets no record is not left behind, and nor is one overwritten.
    """

    def __init__(self, path: Path, clock: Clock, *, overwrite: bool = False) -> None:
        self.path = path
        """Where the recording is, as it was named."""
        self.kept = 0
        """Frames, samples or words that are in the file, whole."""
        self.whole = False
        """Whether everything that was added is on disk, and the file closed."""
        self._clock = clock
        self._overwrite = overwrite
        self.say: Callable[[int], str] = str
        self._header: Callable[[int], bytes] = lambda kept: b""
        self._file: OpenFile | None = None
        self._records: list[tuple[bytes, int]] = []
        self._waiting: deque[Records] = deque()
        self._flushed = 0
        self._writing = threading.Lock()
        self._begun = False
        self._size = 0
        self._failure: OSError | None = None

    def usable(self) -> str:
        """Say how much of a recording that is not whole can be used."""
        if not self.kept:
            return "nothing of it can be used"
        return f"its first {self.say(self.kept)} can be used"

    async def open(self, header: Callable[[int], bytes], say: Callable[[int], str]) -> None:
        """Begin the file; one that may be overwritten is touched with the first record only.

        Args:
            header: returns how the file begins if it holds so much, always as many bytes.
            say: puts into words how much it holds.

        Raises:
            ConfigError: it cannot be written, or must not be overwritten.
        """
        self._header, self.say = header, say
        await asyncio.to_thread(self._open)
        self._flushed = self._clock.now()

    async def add(self, record: bytes, count: int = 1) -> None:
        """Add a record, and write if it is time.

        Raises:
            OSError: the disk is full, or gone.
        """
        self._records.append((record, count))
        if len(self._records) >= MAX_RECORDS or self._clock.now() - self._flushed >= FLUSH_NS:
            await self.flush()

    async def flush(self) -> None:
        """Write what was added.

        Raises:
            OSError: the disk is full, or gone.
        """
        self._flushed = self._clock.now()
        self._hand_over()
        await asyncio.to_thread(self._write_waiting)

    async def aclose(self) -> None:
        """Write what is left, and close; may be called twice.

        Raises:
            OSError: the disk is full, or gone.
        """
        if self._file is not None:
            self._hand_over()
            await asyncio.to_thread(self._close)

    def _hand_over(self) -> None:
        self._waiting.append(self._records)
        self._records = []

    def _open(self) -> None:
        self._file = file = open_to_record(self.path, overwrite=self._overwrite)
        if not file.created and file.regular:
            return
        try:
            self._begin(file)
        except OSError as error:
            self._close_descriptor(file)
            raise cannot_record(self.path, error) from error

    def _begin(self, file: OpenFile) -> None:
        if file.regular:
            os.ftruncate(file.descriptor, 0)
        header = self._header(0)
        while self._size < len(header):
            self._size += _write_some(file, header[self._size :])
        self._begun = True

    def _write_waiting(self) -> None:
        # A thread goes on when its task is cancelled: whoever comes first writes all, in order.
        with self._writing:
            while self._waiting:
                records = self._waiting.popleft()
                if self._file is not None and self._failure is None and records:
                    try:
                        self._write(self._file, records)
                    except OSError as error:
                        self._failure = error
            if self._failure is not None:
                raise self._failure

    def _write(self, file: OpenFile, records: Records) -> None:
        if not self._begun:
            self._begin(file)
        data = memoryview(b"".join(record for record, _ in records))
        written = 0
        try:
            while written < len(data):
                written += _write_some(file, data[written:])
        finally:
            for record, count in records:
                if len(record) > written:
                    break
                written -= len(record)
                self._size += len(record)
                self.kept += count
            if file.regular:
                self._state_length(file)

    def _state_length(self, file: OpenFile) -> None:
        """Cut off what is not whole, and have the header say how much there is."""
        os.ftruncate(file.descriptor, self._size)
        header = self._header(self.kept)
        if header != self._header(0):
            os.lseek(file.descriptor, 0, os.SEEK_SET)
            os.write(file.descriptor, header)
        os.lseek(file.descriptor, self._size, os.SEEK_SET)

    def _close(self) -> None:
        try:
            self._write_waiting()
            with self._writing:
                if self._file is not None and self._file.regular and self.kept:
                    # Some file systems find out only now that there is no room.
                    os.fsync(self._file.descriptor)
                    self._check_place(self._file)
                self.whole = True
        finally:
            with self._writing:
                if self._file is not None:
                    self._close_descriptor(self._file)

    def _check_place(self, file: OpenFile) -> None:
        """Raise an error if the file is not where it was made."""
        status = os.fstat(file.descriptor)
        if not status.st_nlink:
            self.kept = 0
        try:
            there = os.path.samestat(status, file.path.stat())
        except FileNotFoundError:
            there = False
        if not there:
            raise OSError(errno.ENOENT, "it was moved or removed while it was recorded")

    def _close_descriptor(self, file: OpenFile) -> None:
        self._file = None
        if file.created and not self.kept:
            with contextlib.suppress(OSError):
                file.path.unlink()
        os.close(file.descriptor)


def _write_some(file: OpenFile, data: bytes | memoryview) -> int:
    """Write as much as there is room for; a pipe may take a while."""
    try:
        return os.write(file.descriptor, data)
    except BlockingIOError:
        waiting = select.poll()  # unlike select(), for descriptors of any number
        waiting.register(file.descriptor, select.POLLOUT)
        if not waiting.poll(PIPE_PATIENCE_MS):
            raise OSError(errno.ETIMEDOUT, "its reader takes nothing") from None
        return 0
