"""The study's page over HTTP: its files, what it asks for, and the answers that it posts."""

import json
import logging
import socket
import socketserver
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import SplitResult, parse_qs, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Response

from facewire.server.http.access_token import Access
from facewire.server.http.address import is_local, reachable_host
from facewire.server.http.origins import origin_allowed
from facewire.server.http.page_policy import page_headers
from facewire.server.http.static_files import http_response, text_response
from facewire.server.refusal import listen_error
from facewire_training.evaluation.listening.serve.service import RequestError, StudyService

PAGE_PACKAGE = "facewire_training.evaluation.listening.serve.page"
DRAWING = "/facewire/"
"""What our own viewer's modules are below, which draw the face."""
MOST_BYTES = 65_536
"""Of an answer."""
IDLE_S = 30.0
"""How long a connection may say nothing."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the server listens, and whom it lets in."""

    host: str
    port: int
    """0 picks a free one."""
    access: Access
    tls: ssl.SSLContext | None = None


class StudyServer(ThreadingHTTPServer):
    """A context manager that listens while it is entered; `serve_forever` answers."""

    daemon_threads = True

    def __init__(self, service: StudyService, where: Listening) -> None:
        """Listen.

        Raises:
            ConfigError: the port is in use, or the address is not ours.
        """
        self.service, self.where = service, where
        self.address_family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
        try:
            super().__init__((where.host, where.port), _Handler)
        except OSError as error:
            raise listen_error(error, where.host, where.port) from error
        if where.tls:
            # The handshake waits for the client, so it is left to the connection's own thread.
            self.socket = where.tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def server_bind(self) -> None:
        """Bind without asking the network for a name, as `HTTPServer` does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.where.host, int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what went wrong with a peer without a traceback for the user."""
        logger.debug("a connection from %s failed", client_address, exc_info=True)

    @property
    def urls(self) -> tuple[str, ...]:
        """Where a browser opens the page, token and all; last, where one on this machine does."""
        own = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.where.host)
        hosts = dict.fromkeys([reachable_host(self.where.host), *filter(None, [own])])
        scheme = "https" if self.where.tls else "http"
        rest = f"/{self.where.access.url_query()}"
        return tuple(f"{scheme}://{host}:{self.server_port}{rest}" for host in hosts)

    @property
    def is_exposed(self) -> bool:
        """Whether other machines reach it without a token and without TLS."""
        return not (self.where.access.token or self.where.tls or is_local(self.where.host))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "facewire", ""
    timeout = IDLE_S

    def do_GET(self) -> None:
        """Answer with a file of the page, or with what it asks for."""
        self._answer(self._get)

    def do_HEAD(self) -> None:
        """Answer as to GET, but with the headers alone."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Take what the page sends."""
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Note a request for who looks for it."""
        logger.debug(format, *args)

    @property
    def _study(self) -> StudyServer:
        assert isinstance(self.server, StudyServer)
        return self.server

    def _answer(self, find: Callable[[SplitResult], Response]) -> None:
        headers = Headers(self.headers.items())
        url = urlsplit(self.path)
        where = self._study.where
        origins: list[str | None] = [*headers.get_all("Origin")] or [None]
        if not all(origin_allowed(one, self.headers.get("Host"), where.host) for one in origins):
            response = text_response(HTTPStatus.FORBIDDEN, "pages from elsewhere may not rate\n")
        elif url.path != "/healthz" and not where.access.admits(url.query, headers):
            response = text_response(
                HTTPStatus.UNAUTHORIZED,
                "this study wants its token; open the whole address that was given to you\n",
            )
        else:
            try:
                response = find(url)
            except RequestError as error:
                response = text_response(error.status, f"{error}\n")
            except OSError as error:
                logger.error("an answer was not kept: %s", error)
                response = text_response(
                    HTTPStatus.SERVICE_UNAVAILABLE, "this could not be kept; it is tried again\n"
                )
        self._send(response)

    def _send(self, response: Response) -> None:
        # What was not read of a request would be taken for the next one.
        unread = self.command == "POST" and response.status_code >= HTTPStatus.BAD_REQUEST
        self.close_connection = self.close_connection or unread
        self.send_response(response.status_code)
        for name, value in response.headers.raw_items():
            if name != "Connection":
                self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _get(self, url: SplitResult) -> Response:
        asked = {name: values[-1] for name, values in parse_qs(url.query).items()}
        service, rater, screen = (
            self._study.service,
            asked.get("rater", ""),
            asked.get("screen", ""),
        )
        match url.path:
            case "/api/study":
                return _json(service.describe())
            case "/api/screen":
                return _json(service.next_screen(rater))
            case "/api/sound":
                return _private("audio/wav", service.sound(rater, screen))
            case "/api/face":
                found = service.face(rater, screen, asked.get("slot", ""))
                return _private("application/json", found)
        return self._file(url.path)

    def _file(self, path: str) -> Response:
        if path.startswith(DRAWING):
            return http_response(path.removeprefix(DRAWING[:-1]))
        headers = page_headers(self.headers.get("Host"))
        response = http_response(path, PAGE_PACKAGE, page_headers=headers)
        access = self._study.where.access
        if access.token and path in ("/", "/index.html"):
            secure = self._study.where.tls is not None
            response.headers["Set-Cookie"] = access.cookie(self._study.server_port, secure=secure)
        return response

    def _post(self, url: SplitResult) -> Response:
        actions = {
            "/api/begin": self._study.service.begin,
            "/api/answer": self._study.service.answer,
        }
        if url.path not in actions:
            return text_response(HTTPStatus.NOT_FOUND, f"there is no {url.path[:80]} here\n")
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length[:9]) > MOST_BYTES:
            return text_response(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"an answer has up to {MOST_BYTES} bytes\n"
            )
        return _json(actions[url.path](self.rfile.read(int(length))))


def _json(content: Any) -> Response:
    return _private("application/json", json.dumps(content).encode())


def _private(kind: str, body: bytes) -> Response:
    response = text_response(HTTPStatus.OK, "")
    headers = response.headers.copy()
    for name, value in (
        ("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
    ):  # fmt: skip
        del headers[name]
        headers[name] = value
    return Response(HTTPStatus.OK.value, HTTPStatus.OK.phrase, headers, body)
