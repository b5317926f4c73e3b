"""What a request is answered before there is a WebSocket: a file of the page, or a refusal."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from facewire.clock import SystemClock
from facewire.server.http.access_token import Access, wants_sound
from facewire.server.http.origins import origin_allowed
from facewire.server.http.page_policy import page_headers
from facewire.server.http.static_files import (
    HEALTH_PATH,
    http_response,
    json_response,
    text_response,
)
from facewire.server.rare_log import RareLog

FACE_PATH = "/face"
SESSION_PATH = "/session"
SPEAK_PATH = "/speak"
AGENT_PATH = "/agent"
PATHS = (FACE_PATH, SESSION_PATH, SPEAK_PATH, AGENT_PATH)

logger = logging.getLogger("facewire.server")


@dataclass(frozen=True, slots=True)
class RequestGate:
    """Decides what a request gets, by its headers alone."""

    bound_host: str
    access: Access
    allow_origin: Collection[str] = ()
    base_path: str = ""
    """What a proxy leaves before our paths, such as "/facewire"; empty: nothing."""
    secure: bool = False
    """Whether the connection has TLS."""
    has_agent: bool = False
    """Whether somebody answers on `/agent`: the page asks by a plain GET."""
    served_by: str = ""
    """The command that starts the server, for the page to name it; empty if there is none."""
    log: RareLog = field(default_factory=lambda: RareLog(logger, SystemClock()))
    """Of what any stranger can cause."""

    def own_path(self, path: str) -> str:
        """Return a path without what a proxy left before it."""
        return path.removeprefix(self.base_path) if path.startswith(f"{self.base_path}/") else path

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Return the response to a request; None: it may open its WebSocket."""
        try:
            url = urlsplit(request.path)
        except ValueError:
            return text_response(HTTPStatus.BAD_REQUEST, "this is no address\n")
        path = self.own_path(url.path)
        if not request.headers.get_all("Upgrade"):
            return self._file(connection, request, url, path)
        if path not in PATHS:
            return text_response(
                HTTPStatus.NOT_FOUND, f"the WebSockets here are {', '.join(PATHS)}\n"
            )
        return (
            self._foreign_page(request)
            or self._no_token(request, url.query)
            or self._no_sound(connection, request, url, path)
        )

    def _file(
        self, connection: ServerConnection, request: Request, url: SplitResult, path: str
    ) -> Response:
        if path != HEALTH_PATH and (refusal := self._no_token(request, url.query)):
            return refusal
        if self.base_path and url.path == self.base_path:
            # The page's files and sockets are where its folder is.
            response = text_response(HTTPStatus.PERMANENT_REDIRECT, "the page is a folder\n")
            query = f"?{url.query}" if url.query else ""
            response.headers["Location"] = f"{self.base_path.rpartition('/')[2]}/{query}"
            return response
        if path == AGENT_PATH:
            named = {"served_by": self.served_by} if self.served_by else {}
            return json_response({"agent": self.has_agent, **named})
        headers = page_headers(_host(request), url.query, self.allow_origin)
        response = http_response(path, page_headers=headers)
        if self.access.token and path in ("/", "/index.html"):
            port = connection.local_address[1]
            response.headers["Set-Cookie"] = self.access.cookie(port, secure=self.secure)
        return response

    def _foreign_page(self, request: Request) -> Response | None:
        origins: list[str | None] = [*request.headers.get_all("Origin")] or [None]
        host = _host(request)
        if all(origin_allowed(o, host, self.bound_host, self.allow_origin) for o in origins):
            return None
        self.log.warning(
            "a page from %.100s may not connect; if it should, restart with --allow-origin %.100s",
            *(origins[0], origins[0]),
        )
        return text_response(HTTPStatus.FORBIDDEN, "pages from elsewhere may not connect\n")

    def _no_token(self, request: Request, query: str) -> Response | None:
        if self.access.admits(query, request.headers):
            return None
        response = text_response(
            HTTPStatus.UNAUTHORIZED,
            "this server wants its token; open the address that facewire printed, with ?token=\n",
        )
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    def _no_sound(
        self, connection: ServerConnection, request: Request, url: SplitResult, path: str
    ) -> Response | None:
        if path != FACE_PATH or not wants_sound(url.query):
            return None
        peer = str(connection.remote_address[0])
        if self.access.may_hear(url.query, request.headers, peer):
            return None
        return text_response(
            HTTPStatus.FORBIDDEN,
            "the sound is for clients with the token; start facewire with --token and show it, "
            "or with --open-sound\n",
        )


def _host(request: Request) -> str | None:
    return next(iter(request.headers.get_all("Host")), None)
