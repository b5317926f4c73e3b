"""Requests that ask with another method than GET, over real sockets, and logs of strangers."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from facewire.clock import SECOND, ManualClock, SystemClock
from facewire.face import make_face
from facewire.server.rare_log import RareLog
from facewire.server.server import FaceServer
from facewire_engines.energy.engine import EnergyEngine


@pytest.fixture
async def server() -> AsyncIterator[FaceServer]:
    async with FaceServer(EnergyEngine(), make_face, clock=SystemClock(), port=0) as server:
        yield server


async def answer(server: FaceServer, request: bytes, *, bite: int = 1 << 20) -> tuple[bytes, bytes]:
    """Send a request, in bites, and return head and body of what comes until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for start in range(0, len(request), bite):
        writer.write(request[start : start + bite])
        await writer.drain()
        await asyncio.sleep(0)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return head, body


@pytest.mark.parametrize("path", ["/healthz", "/nothing"])
async def test_head_is_answered_as_get_is_without_the_body(server: FaceServer, path: str) -> None:
    rest = f" {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    head, body = await answer(server, b"GET" + rest)
    without, nothing = await answer(server, b"HEAD" + rest)
    assert (body != b"", nothing) == (True, b"")
    known = [line for line in head.splitlines() if not line.startswith(b"Date")]
    assert [line for line in without.splitlines() if not line.startswith(b"Date")] == known


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
@pytest.mark.parametrize("bite", [1, 1 << 20])
async def test_other_methods_are_refused_in_a_sentence(
    server: FaceServer, request_bytes: bytes, bite: int
) -> None:
    head, body = await answer(server, request_bytes, bite=bite)
    assert head.startswith(b"HTTP/1.1 405 ")
    assert b"Allow: GET, HEAD" in head
    assert body == b"only GET and HEAD are answered here\n"


async def test_a_refusal_can_be_read_behind_a_large_body(server: FaceServer) -> None:
    body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + bytes(300_000)
    assert (await answer(server, body, bite=50_000))[0].startswith(b"HTTP/1.1 405 ")


async def test_get_may_come_byte_by_byte(server: FaceServer) -> None:
    head, body = await answer(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", bite=1)
    assert (head[:12], body) == (b"HTTP/1.1 200", b"ok\n")


async def test_refused_pages_do_not_fill_the_log(
    server: FaceServer, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        with pytest.raises(InvalidStatus):
            await connect(f"ws://{server.address}/session", origin="https://evil.example")  # type: ignore[arg-type]
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1


def test_a_rare_log_says_how_much_it_left_out(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    log = RareLog(logging.getLogger("facewire.test"), clock, every_ns=SECOND)
    for number in range(4):
        log.warning("number %d", number)
    clock.advance(SECOND)
    log.warning("number %d", 4)
    assert caplog.messages == ["number 0", "number 4 (and 3 more such messages)"]
