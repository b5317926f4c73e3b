"""Why there is no connection to a server, or none any more."""

import re
import ssl

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    SecurityError,
)

from facewire.errors import WireError

NO_CONNECTION = (OSError, EOFError, InvalidHandshake, InvalidURI)
"""What `websockets` raises where none comes about."""

_STATUS_CODES = {401: "unauthorized", 403: "forbidden"}
_SECRETS = re.compile(r"(?<=//)[^\s/?#@]*@|[?#][^\s'\"]+")


class ServerError(WireError):
    """The server refused something, went away, or is not there; `code` tells which."""

    def __init__(self, message: str, code: str = "closed") -> None:
        super().__init__(message)
        self.code = code
        """As in docs/protocol.md, Errors, where the server named one. Else "bad-address", "away"
        (nobody answers), "untrusted" (its certificate), "unauthorized" (the token), "forbidden",
        "refused" (no WebSocket there), "silent" (no sign of life any more), or "closed"."""


def without_secrets(text: str) -> str:
    """Return a text without what the addresses in it have of tokens and passwords."""
    return _SECRETS.sub("", text)


def no_connection(place: str, error: Exception) -> ServerError:
    """Return why nothing was connected to a place, which is an address without its secrets."""
    match error:
        case InvalidStatus():
            return _refusal(place, error)
        case InvalidURI() | SecurityError():
            words = without_secrets(str(error))
            return ServerError(f"{place} does not answer: {words}", "bad-address")
        case ssl.SSLCertVerificationError():
            return ServerError(
                f"the certificate of {place} is not trusted ({error.verify_message}); "
                "give the client a context that trusts it as tls",
                "untrusted",
            )
    return ServerError(f"{place} does not answer ({error}); is it running?", "away")


def connection_closed(closed: ConnectionClosed) -> ServerError:
    """Return why a connection ended, in the server's words where it said some."""
    reason = closed.rcvd.reason if closed.rcvd else ""
    return ServerError(reason or f"the server closed the connection ({closed})")


def _refusal(place: str, error: InvalidStatus) -> ServerError:
    """Return what the answer to a request for a WebSocket says, in the server's own words."""
    status = error.response.status_code
    words = (error.response.body or b"")[:300].decode("utf-8", "replace").strip()
    said = words if words.count("\n") == 0 and "<" not in words else ""
    return ServerError(
        f"{place} refuses with HTTP {status}" + (f": {said}" if said else ""),
        _STATUS_CODES.get(status, "refused"),
    )
