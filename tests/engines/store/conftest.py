"""A hub on loopback that a test can make misbehave."""

import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Hub:
    """What the server has, and how it is going to misbehave."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By path."""
    commit: str = ""
    cut_after: list[int] = field(default_factory=list)
    """After how many bytes the next answers break off."""
    stall_after: int = 0
    """After how many bytes of a longer file the server stands still until `proceed`."""
    stalled: threading.Event = field(default_factory=threading.Event)
    proceed: threading.Event = field(default_factory=threading.Event)
    status: int = 0
    """What is answered instead of a file."""
    weak: bool = False
    ranges: bool = True
    stated: dict[str, str] = field(default_factory=dict)
    """The sha256 that a redirect names, by path."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and range of every request for a file's bytes."""
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the library's name
        pass

    def do_GET(self) -> None:
        hub = self.hub
        if self.path in hub.stated:
            self.send_response(302)
            self.send_header("Location", f"/cdn{self.path}")
            self.send_header("X-Repo-Commit", hub.commit)
            self.send_header("X-Linked-Etag", f'"{hub.stated[self.path]}"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path = self.path.removeprefix("/cdn")
        hub.asked.append((path, self.headers.get("Range", "")))
        if hub.status or path not in hub.files:
            self.send_error(hub.status or 404)
            return
        content = hub.files[path]
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and hub.ranges and self.headers.get("If-Range") == etag:
            start = int(asked[1])
        if start >= len(content) > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", f"W/{etag}" if hub.weak else etag)
        self.send_header("Content-Length", str(len(content) - start))
        if hub.commit:
            self.send_header("X-Repo-Commit", hub.commit)
        self.end_headers()
        if 0 < hub.stall_after < len(content):
            self.wfile.write(content[start : start + hub.stall_after])
            hub.stalled.set()
            hub.proceed.wait(30)
            self.close_connection = True
        elif hub.cut_after:
            self.wfile.write(content[start : start + hub.cut_after.pop(0)])
            self.close_connection = True
        else:
            self.wfile.write(content[start:])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A server without files."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    state = Hub()
    handler = type("Handler", (_Handler,), {"hub": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    state.proceed.set()
    server.shutdown()
    thread.join()
    server.server_close()
