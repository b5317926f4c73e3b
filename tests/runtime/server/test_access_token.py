"""Tokens, and who may hear the live stream, on a real server."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.server.http.access_token import Access
from facewire.server.http.address import reachable_host
from facewire.server.server import FaceServer
from facewire.sinks.websocket import Broadcaster
from facewire_engines.energy.engine import EnergyEngine

TOKEN = "correct horse & battery+staple=✓"
QUERY = "token=correct%20horse%20%26%20battery%2Bstaple%3D%E2%9C%93"


def serve(**options: Any) -> FaceServer:
    clock = SystemClock()
    broadcaster = Broadcaster(clock=clock)
    return FaceServer(
        EnergyEngine(), make_face, clock=clock, port=0, broadcaster=broadcaster, **options
    )


@pytest.fixture
async def guarded() -> AsyncIterator[FaceServer]:
    async with serve(token=TOKEN) as server:
        yield server


@pytest.fixture
async def local() -> AsyncIterator[FaceServer]:
    async with serve() as server:
        yield server


def get(server: FaceServer, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


async def status_of(server: FaceServer, path: str, **headers: str) -> int:
    """Return how a WebSocket is answered: 101 where it opens."""
    origin = headers.pop("Origin", None)
    url = f"ws://{server.address}{path}"
    try:
        async with connect(url, additional_headers=headers, origin=origin):  # type: ignore[arg-type]
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize("path", ["/face", "/session", "/speak"])
async def test_a_websocket_needs_the_token(guarded: FaceServer, path: str) -> None:
    assert await status_of(guarded, path) == 401
    assert await status_of(guarded, f"{path}?token=wrong") == 401
    assert await status_of(guarded, f"{path}?token=") == 401
    assert await status_of(guarded, path, Authorization="Bearer wrong") == 401
    assert await status_of(guarded, path, Authorization="Basic wrong") == 401
    assert await status_of(guarded, path, Cookie=f"facewire_{guarded.port}=wrong") == 401
    assert await status_of(guarded, f"{path}?{QUERY}") == 101


async def test_a_token_can_come_as_a_header() -> None:
    async with serve(token="s3cret") as server:
        assert await status_of(server, "/session", Authorization="Bearer s3cret") == 101
        assert await status_of(server, "/session", Authorization="bearer  s3cret") == 101


@pytest.mark.parametrize("path", ["/", "/index.html", "/main.js", "/nothing", "/?token=wrong"])
async def test_the_page_needs_the_token(guarded: FaceServer, path: str) -> None:
    response, body = await asyncio.to_thread(get, guarded, path)
    assert response.status == 401
    assert body.count(b"\n") == 1
    assert b"?token=" in body
    assert response.headers["Set-Cookie"] is None


async def test_whether_it_lives_is_no_secret(guarded: FaceServer) -> None:
    response, body = await asyncio.to_thread(get, guarded, "/healthz")
    assert (response.status, body) == (200, b"ok\n")


async def test_the_page_passes_its_right_on_to_its_files_and_sockets(guarded: FaceServer) -> None:
    response, _ = await asyncio.to_thread(get, guarded, f"/?view=face&{QUERY}")
    assert response.status == 200
    cookie, *attributes = response.headers["Set-Cookie"].split("; ")
    assert attributes == ["HttpOnly", "SameSite=Strict"]
    assert "battery" not in cookie
    response, _ = await asyncio.to_thread(get, guarded, "/main.js", Cookie=cookie)
    assert response.status == 200
    own = f"http://{guarded.address}"
    assert await status_of(guarded, "/face?audio=1", Cookie=cookie, Origin=own) == 101
    # Browsers send a host's cookies from its other ports, too.
    other = "http://127.0.0.1:3000"
    assert await status_of(guarded, "/face", Cookie=cookie, Origin=other) == 401
    assert await status_of(guarded, "/face", Cookie=cookie) == 401
    assert await status_of(guarded, f"/face?{QUERY}", Origin=other) == 101


async def test_a_page_from_elsewhere_is_not_let_in_by_the_token(guarded: FaceServer) -> None:
    assert await status_of(guarded, f"/face?{QUERY}", Origin="https://evil.example") == 403


async def test_others_hear_nothing_of_a_server_without_a_token(local: FaceServer) -> None:
    own = f"http://{local.address}"
    for hear in ("audio=1", "format=json&audio=1", "audio=0&audio=1", "audio=2"):
        assert await status_of(local, f"/face?{hear}") == 403
        assert await status_of(local, f"/face?{hear}", Origin="http://localhost:3000") == 403
        assert await status_of(local, f"/face?{hear}", Origin="null") == 403
        assert await status_of(local, f"/face?{hear}", Origin="file://") == 403
    assert await status_of(local, "/face?audio=1", Origin=own) == 101
    assert await status_of(local, "/face?audio=0") == 101
    assert await status_of(local, "/face", Origin="http://localhost:3000") == 101


async def test_a_name_that_was_made_to_point_here_hears_nothing(local: FaceServer) -> None:
    evil = f"evil.example:{local.port}"
    url = f"ws://evil.example:{local.port}/face?audio=1"
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, host="127.0.0.1", port=local.port, origin=f"http://{evil}").__aenter__()  # type: ignore[arg-type]
    assert refused.value.response.status_code == 403


async def test_the_sound_can_be_opened_to_all() -> None:
    async with serve(open_sound=True) as server:
        assert await status_of(server, "/face?audio=1") == 101
        assert await status_of(server, "/face?audio=1", Origin="http://localhost:3000") == 101


async def test_without_a_token_other_machines_hear_nothing() -> None:
    async with serve(host="0.0.0.0", token="") as server:
        assert server.is_exposed
        assert await status_of(server, "/face") == 101
        assert await status_of(server, "/face?audio=1") == 403
        own = f"http://{server.address}"
        assert await status_of(server, "/face?audio=1", Origin=own) == 101
    headers = Headers(Origin="http://127.0.0.1:8765", Host="127.0.0.1:8765")
    assert Access().may_hear("audio=1", headers, "127.0.0.1")
    assert not Access().may_hear("audio=1", headers, "192.168.1.9")


async def test_who_listens_on_the_network_gets_a_token() -> None:
    async with serve(host="0.0.0.0") as server, serve(host="0.0.0.0") as other:
        assert not server.is_exposed
        page, here = server.page_urls
        assert here.startswith(f"http://127.0.0.1:{server.port}/?token=")
        query = here.partition("?")[2]
        assert len(query) >= len("token=") + 22
        assert "0.0.0.0" not in page
        assert await status_of(server, "/session") == 401
        assert await status_of(server, f"/session?{query}") == 101
        assert await status_of(other, f"/session?{query}") == 401


async def test_a_printed_address_opens_the_page(guarded: FaceServer) -> None:
    (page,) = guarded.page_urls
    assert page == f"http://{guarded.address}/?{QUERY}"
    response, _ = await asyncio.to_thread(get, guarded, page.partition(guarded.address)[2])
    assert response.status == 200


async def test_what_is_no_address_is_answered(local: FaceServer) -> None:
    def ask(target: str) -> bytes:
        with socket.create_connection(("127.0.0.1", local.port), timeout=10) as peer:
            peer.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            return peer.recv(100)

    assert b" 400 " in await asyncio.to_thread(ask, "//[")
    assert b" 404 " in await asyncio.to_thread(ask, "//face")


class TestBehindAProxy:
    @pytest.fixture
    async def server(self) -> AsyncIterator[FaceServer]:
        async with serve(base_path="/some/facewire/", token="abc") as server:
            yield server

    async def test_the_prefix_may_come_or_not(self, server: FaceServer) -> None:
        for path in ("/", "/some/facewire/", "/some/facewire/main.js", "/main.js"):
            response, _ = await asyncio.to_thread(get, server, f"{path}?token=abc")
            assert response.status == 200
        for path in ("/some/facewire/session", "/session", "/some/facewire/face"):
            assert await status_of(server, f"{path}?token=abc") == 101
        for path in ("/some/session", "/some/facewirex/session", "/x/session"):
            assert await status_of(server, f"{path}?token=abc") == 404
        response, _ = await asyncio.to_thread(get, server, "/some/facewire/healthz")
        assert response.status == 200
        assert server.page_urls == (f"http://{server.address}/some/facewire/?token=abc",)

    async def test_the_page_is_a_folder(self, server: FaceServer) -> None:
        response, _ = await asyncio.to_thread(get, server, "/some/facewire?token=abc&view=face")
        assert response.status == 308
        assert response.headers["Location"] == "facewire/?token=abc&view=face"
        response, _ = await asyncio.to_thread(get, server, "/some/facewire")
        assert response.status == 401


async def said_by_serve(*arguments: str, **variables: str) -> str:
    """Start `facewire serve`, and return what it says until it serves."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "facewire", "serve", "--engine", "energy", "--port", "0"),
        *arguments,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"COLUMNS": "40"} | variables,
    )
    assert process.stderr is not None
    said = ""
    try:
        async with asyncio.timeout(60):
            while "this machine" not in said and "warning" not in said:
                line = await process.stderr.readline()
                assert line, said
                said += line.decode()
    finally:
        process.kill()
        await process.wait()
    return said


async def test_serve_prints_an_address_with_the_token_on_one_line() -> None:
    said = await said_by_serve("--host", "0.0.0.0")
    assert re.search(r"(?m)^serving http://[0-9.]+:\d+/\?token=[\w-]{22,} ", said)
    assert "//0.0.0.0" not in said
    said = await said_by_serve("--host", "0.0.0.0", FACEWIRE_TOKEN="a/b")
    assert "/?token=a%2Fb " in said


async def test_serve_warns_where_everybody_may_connect() -> None:
    said = await said_by_serve("--host", "0.0.0.0", "--insecure")
    assert "token=" not in said
    said = await said_by_serve("--host", reachable_host("0.0.0.0"), "--insecure")
    assert "warning: everybody on the network can connect" in said
