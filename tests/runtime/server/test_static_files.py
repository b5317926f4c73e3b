"""The viewer page over HTTP: what is served, and what never is."""

import asyncio
import sys
from collections.abc import AsyncIterator
from http.client import HTTPConnection, HTTPResponse
from importlib import resources
from pathlib import Path

import pytest

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.server.http.page_policy import page_headers
from facewire.server.http.static_files import http_response
from facewire.server.server import FaceServer
from facewire_engines.energy.engine import EnergyEngine


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a page, and a secret beside it."""
    (tmp_path / "secret.json").write_text("{}")
    folder = tmp_path / "some_page"
    (folder / "parts").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "index.html").write_text("<p>face</p>")
    (folder / "app.js").write_text("1")
    (folder / "parts" / "mouth.svg").write_text("<svg/>")
    (folder / ".hidden.json").write_text("{}")
    (folder / "parts" / ".hidden.json").write_text("{}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "some_page", raising=False)
    return "some_page"


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/", "text/html; charset=utf-8", b"<p>face</p>"),
        ("/index.html", "text/html; charset=utf-8", b"<p>face</p>"),
        ("/app.js", "text/javascript; charset=utf-8", b"1"),
        ("/parts/mouth.svg", "image/svg+xml", b"<svg/>"),
        ("/healthz", "text/plain; charset=utf-8", b"ok\n"),
    ],
)
def test_files_have_their_types(package: str, path: str, content_type: str, body: bytes) -> None:
    response = http_response(path, package)
    assert (response.status_code, response.body) == (200, body)
    assert response.headers["Content-Type"] == content_type
    assert response.headers["Content-Length"] == str(len(body))
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.html", "/__init__.py", "/../secret.json", "/parts/../../secret.json",
        "/parts/..%2f..%2fsecret.json", "/parts//../../secret.json", "/parts/.hidden.json",
        "/parts/./mouth.svg", "/parts\\mouth.svg", "/parts/mouth.svg/../../../secret.json",
        "/%2e%2e/secret.json", "//secret.json", "/.hidden.json", "/parts", "/parts/", "",
        "/app.js/", "/app.js\0.html", "/..\\secret.json", "app.js", "/" + "a" * 5000 + ".js",
    ],
)  # fmt: skip
def test_nothing_else_is_served(package: str, path: str) -> None:
    response = http_response(path, package)
    assert response.status_code == 404
    assert len(response.body) < 200


@pytest.mark.parametrize("folder", ["avatar", "client", "face", "page", "sound", "speech"])
def test_the_pages_own_folders_are_served(folder: str) -> None:
    names = [f.name for f in (resources.files("facewire_web") / folder).iterdir()]
    for name in (name for name in names if name.endswith(".js")):
        assert http_response(f"/{folder}/{name}").status_code == 200


def test_a_page_that_is_not_installed_is_not_found() -> None:
    assert http_response("/", "no_such_package_of_ours").status_code == 404


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    async with FaceServer(EnergyEngine(), make_face, clock=SystemClock(), port=0) as server:
        yield server


def get(server: FaceServer, method: str, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


async def test_the_port_of_the_websocket_answers_browsers(server: FaceServer) -> None:
    response, body = await asyncio.to_thread(get, server, "GET", "/healthz?now")
    assert (response.status, body) == (200, b"ok\n")
    assert response.headers["Server"].startswith("facewire/")
    response, _ = await asyncio.to_thread(get, server, "GET", "/%2e%2e/%2e%2e/etc/passwd")
    assert response.status == 404


async def test_only_get_is_served(server: FaceServer) -> None:
    response, _ = await asyncio.to_thread(get, server, "POST", "/healthz")
    assert response.status == 405


async def test_the_page_says_what_it_may_do(server: FaceServer) -> None:
    response, _ = await asyncio.to_thread(get, server, "GET", "/")
    policy = dict(
        part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; ")
    )
    own = server.address
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert policy["connect-src"] == f"'self' blob: ws://{own} wss://{own}"
    assert policy["frame-ancestors"] == "'self'"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    response, _ = await asyncio.to_thread(get, server, "GET", "/main.js")
    assert response.headers["Content-Security-Policy"] is None
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "query", "sources"),
    [
        ("127.0.0.1:8765", "", "'self' ws://127.0.0.1:8765 wss://127.0.0.1:8765"),
        (None, "", "'self'"),
        ("[::1]:8765", "", "'self'"),
        ("x; script-src *", "", "'self'"),
        (
            None,
            "server=ws://Other.example:9000/x?token=a",
            "'self' http://other.example:9000 ws://other.example:9000",
        ),
        (
            None,
            "server=https%3A%2F%2Fother.example",
            "'self' https://other.example wss://other.example",
        ),
        (None, "server=ws://[fd00::5]:8765", "'self' http: ws:"),
        (None, "server=ws://a;script-src%20*", "'self'"),
        (None, "server=ws://a%20b", "'self'"),
        (None, "server=ws://*", "'self'"),
        (None, "server=ws://[", "'self'"),
        (None, "server=javascript:alert(1)", "'self'"),
        (None, "avatar=face.glb", "'self'"),
        (None, "avatar=https%3A%2F%2FExample.org%2Fa.vrm", "'self' https://example.org"),
        (None, "avatar=ws://example.org/a.glb", "'self'"),
        (None, "avatar=https://a;script-src%20*/a.glb", "'self'"),
        (None, "server=other.example", "'self'"),
    ],
)
def test_where_the_page_may_connect(host: str | None, query: str, sources: str) -> None:
    policy = page_headers(host, query)["Content-Security-Policy"]
    sources = sources.replace("'self'", "'self' blob:", 1)
    assert f"; connect-src {sources}; base-uri" in policy


def test_who_may_frame_the_page() -> None:
    named = ["https://Example.org", "null", "https://a; script-src *"]
    policy = page_headers(None, framed_by=named)["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' https://Example.org")
