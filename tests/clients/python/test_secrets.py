"""What the Python client says of an address when it does not work: never its token or password."""

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.clients.python.relay import Relay

from facewire.clock import SystemClock
from facewire.face import make_face
from facewire.server.http.address import certificate_of
from facewire.server.server import FaceServer
from facewire_client import FaceClient, ServerError, liveness, transport
from facewire_client.server_error import without_secrets
from facewire_engines.energy.engine import EnergyEngine

SECRET = "s3cret"
PATIENCE_S = 20


def new_server(tls: tuple[str, str] | None = None) -> FaceServer:
    return FaceServer(
        EnergyEngine(), make_face, clock=SystemClock(), port=0, token=SECRET,
        tls=certificate_of(*tls) if tls else None,
    )  # fmt: skip


async def use(client: FaceClient) -> None:
    async with asyncio.timeout(PATIENCE_S), client:
        await read(client)


async def read(client: FaceClient) -> None:
    async for _ in client:
        pass


async def said_of(client: FaceClient) -> tuple[str, str]:
    """Return the code of a failure, and all that a program would print of it."""
    with pytest.raises(ServerError) as caught:
        await use(client)
    return caught.value.code, "".join(traceback.format_exception(caught.value))


@contextlib.asynccontextmanager
async def answering(answer: str) -> AsyncIterator[str]:
    """Run something that gives every request the same answer, or none."""

    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.encode())
        await reader.read(-1)
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        yield f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        await closed.wait()


@pytest.mark.parametrize(
    "address",
    [
        f"ftp://h/?token={SECRET}",
        f"ws://user:{SECRET}@h:99999/?token={SECRET}",
        f"ws://[h?token={SECRET}",
        f"127.0.0.1:8765/?token={SECRET}",
        f"ws://?token={SECRET}",
    ],
)
async def test_what_is_no_address(address: str) -> None:
    code, said = await said_of(FaceClient(address))
    assert code == "bad-address"
    assert SECRET not in said


NO_MORE = "Content-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("", "away"),
        ("SSH-2.0-nobody\r\n\r\n", "away"),
        (
            f"HTTP/1.1 302 Found\r\nLocation: ftp://h/?token={SECRET}\r\nContent-Length: 0\r\n\r\n",
            "bad-address",
        ),
        (f"HTTP/1.1 418 Teapot\r\n{NO_MORE}", "refused"),
    ],
    ids=["nothing", "something else", "a redirect", "a refusal"],
)
async def test_no_server_there(answer: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "OPEN_S", 0.5)
    async with answering(answer) as place:
        found, said = await said_of(FaceClient(f"ws://user:{SECRET}@{place}/?token={SECRET}"))
    assert found == code
    assert SECRET not in said
    assert place in said or "ftp://h/" in said


async def test_a_certificate_that_is_not_trusted(certificate: tuple[Path, Path]) -> None:
    cert, key = map(str, certificate)
    async with new_server((cert, key)) as server:
        code, said = await said_of(FaceClient(f"https://{server.address}/?token={SECRET}"))
    assert code == "untrusted"
    assert SECRET not in said


async def test_a_server_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SILENT_S", "PING_EVERY_S", "LIVE_SPARE_S"):
        monkeypatch.setattr(liveness, name, 0.25)
    async with new_server() as server, Relay(server.port) as relay:
        client = FaceClient(f"{relay.url}/?token={SECRET}")
        async with client:
            relay.freeze()
            with pytest.raises(ServerError, match="no sign of life") as caught:
                await asyncio.wait_for(read(client), PATIENCE_S)
    assert caught.value.code == "silent"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ws://h:1/face?token=a&format=json is no address", "ws://h:1/face is no address"),
        ("wss://user:a@h/x", "wss://h/x"),
        ("ws://h/#a isn't a valid URI", "ws://h/ isn't a valid URI"),
        ("ws://h/x@y", "ws://h/x@y"),
    ],
)
def test_the_rest_of_an_address_is_told(text: str, left: str) -> None:
    assert without_secrets(text) == left
