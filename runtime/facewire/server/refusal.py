"""How the server says no: to ports that it cannot have, and to clients that break the protocol."""

import asyncio
import errno
import logging
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from facewire.errors import ConfigError, first_of
from facewire.wire.errors import ProtocolError
from facewire.wire.messages import Error, encode_message

logger = logging.getLogger("facewire.server")
"""The server's own: who looks there for what went wrong finds all of it."""

CLOSE_S = 2.0
"""How long a client may take to hear it."""


@dataclass(frozen=True, slots=True)
class ServedBy:
    """Who serves the page, for the sentences that say what its user can do."""

    command: str = ""
    """Starts it again, such as "facewire live"; empty where a program of somebody's own serves."""
    port_option: str = "--port"
    """What chooses its port."""


class CalmLogger(logging.LoggerAdapter[logging.Logger]):
    """Notes what goes wrong with a peer, such as a port scan, without a traceback for the user."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log it, but for who looks for it only."""
        super().log(min(level, logging.DEBUG), msg, *args, **kwargs)

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Leave the message as it is."""
        return msg, kwargs


def listen_error(error: OSError, host: str, port: int, option: str = "--port") -> ConfigError:
    """Say in a sentence why nobody can listen there; the option is what chooses the port."""
    if error.errno == errno.EADDRINUSE:
        return ConfigError(
            f"port {port} of {host} is in use, perhaps by another facewire; "
            f"stop that one, or choose another port with {option}"
        )
    if error.errno == errno.EACCES:
        return ConfigError(f"port {port} is reserved by the system; choose another with {option}")
    address = "an address with --host" if option.startswith("-") else "another address"
    return ConfigError(f"cannot listen on {host} ({error.strerror or error}); choose {address}")


def protocol_error_of(errors: BaseExceptionGroup[ProtocolError]) -> ProtocolError:
    """Return the first error of a group of groups."""
    error = first_of(errors, ProtocolError)
    assert error is not None
    return error


async def refuse(connection: ServerConnection, error: ProtocolError) -> None:
    """Say what was wrong, as far as the peer still listens, and close."""
    logger.info("client %s: %s", connection.remote_address, error)
    message = str(error)
    reason = message.encode()[:120].decode(errors="ignore")
    try:
        async with asyncio.timeout(CLOSE_S):
            await connection.send(encode_message(Error(code=error.code.label, message=message)))
            await connection.close(error.code.close_code, reason)
    except ConnectionClosed:
        pass
    except TimeoutError:
        # What the peer did not read stands before the close frame.
        connection.transport.abort()
