"""A connection to a CosyVoice worker that can be woken up while it waits for one."""

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from facewire.errors import ConfigError, EngineError
from facewire_engines.voices.cosyvoice.messages import (
    PROTOCOL,
    Failure,
    Hello,
    Inbox,
    Received,
    encode,
)

_CONNECT_S = 5.0
_READ = 1 << 16


class Woken(Exception):
    """Somebody called `wake`."""


class WorkerLost(EngineError):
    """The worker is gone, or says nothing any more."""


class WorkerLink:
    """One connection. `send` and `wake` may come from any thread, all else from one at a time."""

    def __init__(self, host: str, port: int, stall_s: float, token: str = "") -> None:
        """Connect.

        Args:
            host: where the worker listens.
            port: where the worker listens.
            stall_s: how long it may say nothing while it owes an answer.
            token: what it wants to be shown.

        Raises:
            ConfigError: nothing answers there, or it wants another token.
            EngineError: what answers is no such worker, or of another version.
        """
        self._where = f"{host}:{port}"
        self._stall_s = stall_s
        self._inbox = Inbox()
        self._received: deque[Received] = deque()
        self._sending = threading.Lock()
        try:
            self._socket = socket.create_connection((host, port), timeout=_CONNECT_S)
        except OSError as error:
            raise ConfigError(
                f"no CosyVoice worker answers at {self._where} ({error.strerror or error}); start "
                "it as docs/cosyvoice.md says"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(stall_s)
        self._woken, self._waker = socket.socketpair()
        # Unlike select(), it takes descriptors of any number.
        self._selector = selectors.DefaultSelector()
        for end in (self._socket, self._woken):
            self._selector.register(end, selectors.EVENT_READ)
        try:
            self.hello = self._greeting(token)
        except BaseException:
            self.close()
            raise

    def _greeting(self, token: str) -> Hello:
        self.send(kind="open", token=token)
        message = self.receive().message
        if isinstance(message, Failure):
            raise ConfigError(
                f"the CosyVoice worker at {self._where} refuses us ({message.message}); write the "
                "token that it printed into the file of the voice, as token"
            )
        if not isinstance(message, Hello) or message.protocol != PROTOCOL:
            raise EngineError(
                f"the CosyVoice worker at {self._where} speaks another protocol; print it again "
                "with python -m facewire_engines.workers"
            )
        return message

    def send(self, payload: bytes = b"", **header: Any) -> None:
        """Send a message.

        Raises:
            WorkerLost: the worker is gone, or does not read.
        """
        try:
            with self._sending:
                self._socket.sendall(encode(payload, **header))
        except OSError as error:
            raise WorkerLost(self._gone(str(error.strerror or error))) from error

    def receive(self, owed: Callable[[], bool] = lambda: True) -> Received:
        """Return the next message.

        Args:
            owed: tells whether the worker has to say something; else it may take its time.

        Raises:
            WorkerLost: the worker is gone, or stalls.
            EngineError: it is none.
            Woken: `wake` was called since.
        """
        while True:
            must = owed()
            patience_s = 0 if self._received else self._stall_s
            ready = [key.fileobj for key, _ in self._selector.select(patience_s)]
            if self._woken in ready:
                self._woken.recv(_READ)
                raise Woken
            if self._received:
                return self._received.popleft()
            if not ready and must:
                raise WorkerLost(
                    f"the CosyVoice worker at {self._where} has said nothing for "
                    f"{self._stall_s:g} s; look at its own output, or raise stall_s"
                )
            if ready:
                self._received += self._inbox.push(self._read())

    def wake(self) -> None:
        """Let whoever waits in `receive`, or comes there next, raise Woken."""
        self._waker.send(b"w")

    def sleep(self) -> None:
        """Forget that `wake` was called, if nobody has noticed."""
        while any(key.fileobj is self._woken for key, _ in self._selector.select(0)):
            self._woken.recv(_READ)

    def close(self) -> None:
        """Close the connection, at which the worker stops what it does for it."""
        self._selector.close()
        for end in (self._socket, self._woken, self._waker):
            end.close()

    def _read(self) -> bytes:
        try:
            data = self._socket.recv(_READ)
        except OSError as error:
            raise WorkerLost(self._gone(str(error.strerror or error))) from error
        if not data:
            raise WorkerLost(self._gone("it closed the connection"))
        return data

    def _gone(self, why: str) -> str:
        return (
            f"the CosyVoice worker at {self._where} ended while it was needed ({why}); look at "
            "its own output and start it again"
        )
