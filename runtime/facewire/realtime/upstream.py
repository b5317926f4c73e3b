"""The server behind the proxy: its address, and a connection to it in the name of an app."""

import http
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from facewire import __version__
from facewire.errors import ConfigError

OPENING_S = 15.0
"""How long it may take to answer."""
CLOSING_S = 2.0
"""How long a side may take to hear that the other one has closed."""
MESSAGE_BYTES = 1 << 25
"""Of one message, either way: the protocol's largest, 15 MB of audio, is less."""
OWN_NAME = f"facewire/{__version__}"
"""The Server of answers that are not the server's."""
QUEUE = 4
"""Messages of one side that wait for the other, before TCP makes it wait."""

_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_OF_ONE_CONNECTION = frozenset((
    "connection", "content-length", "host", "keep-alive", "proxy-authenticate",
    "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
))  # fmt: skip
"""Headers that mean nothing beyond the connection that they came by (RFC 9110, 7.6.1), and those
that each connection has of its own; besides, all that begin with Sec-WebSocket."""


class RefusedError(Exception):
    """There is no connection; `response` is what the app shall get, and the text is for the log."""

    def __init__(self, response: Response, sentence: str) -> None:
        super().__init__(sentence)
        self.response = response


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the server is."""

    url: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise ConfigError(
                f"{self.url!r} is not the address of a realtime server; write it like "
                "wss://api.openai.com/v1/realtime"
            )

    @property
    def path(self) -> str:
        """Its path, "" if it has none of its own."""
        return urlsplit(self.url).path.rstrip("/")

    def address(self, request_path: str) -> str:
        """Return what to connect to for an app that asked for this path.

        The address's own path is taken, if it has one, and the app's query; what both name, the
        app says.
        """
        parts, asked = urlsplit(self.url), urlsplit(request_path)
        theirs = {name for name, _ in parse_qsl(asked.query, keep_blank_values=True)}
        ours = [
            pair
            for pair in parts.query.split("&")
            if pair and parse_qsl(pair, keep_blank_values=True)[0][0] not in theirs
        ]
        query = "&".join([*ours, *filter(None, [asked.query])])
        return urlunsplit(
            (_SCHEMES[parts.scheme], parts.netloc, self.path or asked.path, query, "")
        )

    async def open(self, request: Request) -> ClientConnection:
        """Connect as the app asked: with its headers, query and subprotocols.

        Raises:
            RefusedError: the server cannot be reached, or says no.
        """
        headers = request.headers
        offered = ",".join(headers.get_all("Sec-WebSocket-Protocol")).split(",")
        subprotocols = [Subprotocol(name.strip()) for name in offered if name.strip()]
        try:
            return await connect(
                self.address(request.path),
                additional_headers=list(end_to_end(headers)),
                user_agent_header=None,
                subprotocols=subprotocols or None,
                compression=None,
                open_timeout=OPENING_S,
                close_timeout=CLOSING_S,
                # While an app reads nothing, the server's pongs are not read either.
                ping_timeout=None,
                max_size=MESSAGE_BYTES,
                max_queue=QUEUE,
            )
        except InvalidStatus as error:
            said = error.response
            raise RefusedError(
                _answer(said.status_code, said.reason_phrase, bytes(said.body), said.headers),
                f"{self.url} refused an app with {said.status_code} {said.reason_phrase}: "
                f"{_first_words(bytes(said.body))}",
            ) from error
        except TimeoutError as error:
            raise self._unreachable(
                http.HTTPStatus.GATEWAY_TIMEOUT, f"it did not answer for {OPENING_S:g} s"
            ) from error
        except (OSError, EOFError, InvalidHandshake, ValueError) as error:
            why = str(getattr(error, "strerror", None) or error) or type(error).__name__
            raise self._unreachable(http.HTTPStatus.BAD_GATEWAY, why) from error

    def _unreachable(self, status: http.HTTPStatus, why: str) -> RefusedError:
        sentence = f"{self.url} cannot be reached ({why}); check --upstream and that it runs"
        return RefusedError(refusal(status, sentence), sentence)


def end_to_end(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield the headers that go through a proxy."""
    for name, value in headers.raw_items():
        low = name.lower()
        if low not in _OF_ONE_CONNECTION and not low.startswith("sec-websocket-"):
            yield name, value


def refusal(status: http.HTTPStatus, sentence: str) -> Response:
    """Return an answer of the proxy's own, in one sentence."""
    headers = Headers({"Content-Type": "text/plain; charset=utf-8", "Server": OWN_NAME})
    return _answer(status.value, status.phrase, f"{sentence}\n".encode(), headers)


def _answer(status: int, phrase: str, body: bytes, headers: Headers) -> Response:
    passed = Headers(list(end_to_end(headers)))
    passed["Content-Length"] = str(len(body))
    passed["Connection"] = "close"
    return Response(status, phrase, passed, body)


def _first_words(body: bytes) -> str:
    return " ".join(body.decode(errors="replace").split())[:200] or "it says no more"
