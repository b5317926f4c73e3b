"""The viewer page over HTTP, on the port of the WebSocket: a few files of the page's package."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from importlib import resources

from websockets.datastructures import Headers
from websockets.http11 import Response

PAGE_PACKAGE = "facewire_web"
HEALTH_PATH = "/healthz"

CONTENT_TYPES = {
    "css": "text/css; charset=utf-8",
    "glb": "model/gltf-binary",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "mjs": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "wasm": "application/wasm",
    "webp": "image/webp",
}
"""By ending; files that end otherwise are not served."""

_PATH = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9_.-]*){1,3}")


def http_response(
    path: str, package: str = PAGE_PACKAGE, *, page_headers: Mapping[str, str] | None = None
) -> Response:
    """Answer a plain GET for a path, without its query: the page, a file of it, or `/healthz`.

    Args:
        path: below the address of the page.
        package: what holds the files.
        page_headers: of the page, besides those of every file; see `page_policy`.
    """
    if path == HEALTH_PATH:
        return text_response(HTTPStatus.OK, "ok\n")
    name = "/index.html" if path == "/" else path
    content_type = CONTENT_TYPES.get(name.rpartition(".")[2].lower())
    body = _read(package, name[1:]) if content_type and _PATH.fullmatch(name) else None
    if body is None or content_type is None:
        return text_response(HTTPStatus.NOT_FOUND, f"there is no {path[:80]} here\n")
    response = _response(HTTPStatus.OK, content_type, body)
    if name.endswith(".html"):
        response.headers.update(page_headers or {})
    elif name.endswith((".js", ".mjs")):
        # The client's modules are everybody's: pages from elsewhere may import them.
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def json_response(value: Mapping[str, object]) -> Response:
    """Answer with a JSON object, to pages from anywhere."""
    body = json.dumps(value).encode()
    response = _response(HTTPStatus.OK, CONTENT_TYPES["json"], body)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def text_response(status: HTTPStatus, text: str) -> Response:
    """Answer with a sentence."""
    return _response(status, "text/plain; charset=utf-8", text.encode())


def _read(package: str, name: str) -> bytes | None:
    try:
        file = resources.files(package).joinpath(*name.split("/"))
        return file.read_bytes()
    except (OSError, ModuleNotFoundError):
        return None


def _response(status: HTTPStatus, content_type: str, body: bytes) -> Response:
    headers = Headers()
    headers["Content-Type"] = content_type
    headers["Content-Length"] = str(len(body))
    headers["Cache-Control"] = "no-cache"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Connection"] = "close"
    return Response(status.value, status.phrase, headers, body)
