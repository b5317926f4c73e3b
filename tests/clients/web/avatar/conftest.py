"""A browser that draws avatars, and a server of somebody else's that has some."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from tests.clients.web.avatar.avatar_page import BUNDLE
from tests.clients.web.tiny_glb import tiny_glb
from tests.conftest import skip_unless_ci

from facewire import arkit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Launch = Callable[..., "Browser"]


@pytest.fixture(scope="module", autouse=True)
def bundle() -> None:
    if not BUNDLE.is_file():
        skip_unless_ci("no bundle of avatars: make web, which needs npm")


@pytest.fixture(scope="module")
def drawing(launch: Launch) -> "Iterator[Browser]":
    browser = launch("--enable-unsafe-swiftshader")
    yield browser
    browser.close()


class Files(BaseHTTPRequestHandler):
    """A server of somebody else's: an avatar for others, one that is not for them, and none."""

    def do_GET(self) -> None:
        data = tiny_glb(arkit.NAMES)
        self.send_response(404 if "gone" in self.path else 200)
        if "secret" not in self.path:
            self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(200_000_000 if "huge" in self.path else len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the library's name
        pass


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{files.server_address[1]}"
        files.shutdown()
