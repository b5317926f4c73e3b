"""Wire protocol version 1, its errors: what went wrong, in a word for programs."""

from enum import Enum

from facewire.errors import WireError


class ErrorCode(Enum):
    """What went wrong, and the WebSocket close code that follows."""

    BAD_MESSAGE = ("bad-message", 1007)
    """Not a message of this protocol, or a value out of its range."""
    UNSUPPORTED = ("unsupported", 1008)
    """Well formed, but not something that this server can do."""
    OUT_OF_ORDER = ("out-of-order", 1008)
    """A good message at the wrong time, or audio that does not follow on."""
    NO_STREAM = ("no-stream", 1008)
    """Nothing to watch here."""
    SLOW_READER = ("slow-reader", 1008)
    """The client did not read its frames."""
    IDLE = ("idle", 1008)
    """The client opened nothing, or sent nothing, for too long."""
    BUSY = ("busy", 1013)
    """All sessions are taken; try again later."""
    INTERNAL = ("internal", 1011)
    """The server failed."""

    def __init__(self, label: str, close_code: int) -> None:
        self.label = label
        self.close_code = close_code


class ProtocolError(WireError):
    """A breach of the protocol, with the code that is sent to the peer."""

    def __init__(self, message: str, code: ErrorCode = ErrorCode.BAD_MESSAGE) -> None:
        super().__init__(message)
        self.code = code
