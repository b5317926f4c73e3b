"""Who does not let a client of Python in, and what it says then."""

import asyncio
import ssl
from pathlib import Path

import pytest
from tests.clients.python.life.waiting import (
    SPEECH,
    failure_of,
    new_server,
    url,
)

from facewire.frames import StreamSpec
from facewire.server.http.address import certificate_of
from facewire.server.server import FaceServer
from facewire.sinks.websocket import WebSocketSink
from facewire_client import (
    FaceClient,
    FaceViewer,
    SpeakClient,
    transport,
)
from facewire_client.connection import Connection


class TestWhoDoesNotLetUsIn:
    async def test_nobody_is_there(self) -> None:
        async with new_server() as gone:
            address = url(gone)
        error = await failure_of(FaceClient(address).__aenter__())
        assert error.code == "away"

    async def test_no_token(self) -> None:
        async with new_server(token="s3cret") as guarded:
            error = await failure_of(FaceClient(url(guarded)).__aenter__())
            assert error.code == "unauthorized"
            assert "wants its token" in str(error)
            error = await failure_of(FaceClient(f"{url(guarded)}?token=s").__aenter__())
            assert "token=s" not in str(error).replace("?token=\n", "").replace("?token=", "", 1)
            for page in ("?token=s3cret", "/?token=s3cret", "/session?token=s3cret"):
                async with FaceClient(f"http://{guarded.address}{page}"):
                    pass
            sink = WebSocketSink(guarded.broadcaster)
            await sink.open(StreamSpec(), "energy")
            async with FaceViewer(f"{url(guarded)}/?token=s3cret", audio=True, format="json"):
                pass

    async def test_no_sound(self, server: FaceServer) -> None:
        error = await failure_of(FaceViewer(url(server), audio=True).__aenter__())
        assert error.code == "forbidden"
        assert "--open-sound" in str(error)

    async def test_a_certificate_that_is_not_trusted(self, certificate: tuple[Path, Path]) -> None:
        cert, key = map(str, certificate)
        async with new_server(tls=certificate_of(cert, key)) as secure:
            address = f"https://{secure.address}/"
            error = await failure_of(FaceClient(address).__aenter__())
            assert error.code == "untrusted"
            assert "as tls" in str(error)
            trusting = ssl.create_default_context(cafile=cert)
            async with FaceClient(address, tls=trusting) as face:
                assert len([frame async for frame in face.animate(SPEECH)]) == 60
            assert (await failure_of(FaceClient(url(secure)).__aenter__())).code == "away"

    async def test_no_socket_there(self, server: FaceServer) -> None:
        error = await failure_of(FaceClient(f"{url(server)}/elsewhere").__aenter__())
        assert (error.code, "404" in str(error)) == ("refused", True)

    async def test_the_protocols_own_refusals_keep_their_codes(self, server: FaceServer) -> None:
        error = await failure_of(FaceClient(url(server), sample_rate=1_000).__aenter__())
        assert error.code == "unsupported"
        async with new_server(max_sessions=1) as small, FaceClient(url(small)):
            error = await failure_of(FaceClient(url(small)).__aenter__())
            assert error.code == "busy"

    @pytest.mark.parametrize(
        "address", ["127.0.0.1:8765", "ws://", "ftp://x", "ws://[", "ws://x:99999", ""]
    )
    async def test_what_is_no_address(self, address: str) -> None:
        assert (await failure_of(FaceClient(address).__aenter__())).code == "bad-address"

    async def test_something_else_on_that_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(transport, "OPEN_S", 0.5)

        async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-nobody\r\n")
            writer.close()

        async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(-1)
            writer.close()

        for answer in (babble, be_silent):
            async with await asyncio.start_server(answer, "127.0.0.1", 0) as listener:
                port = listener.sockets[0].getsockname()[1]
                error = await failure_of(FaceClient(f"ws://127.0.0.1:{port}").__aenter__())
                assert error.code == "away"

    async def test_a_client_connects_once(self, server: FaceServer) -> None:
        client = FaceClient(url(server))
        async with client:
            pass
        with pytest.raises(ValueError, match="connects once"):
            await client.__aenter__()


@pytest.mark.parametrize(
    ("given", "endpoint", "made"),
    [
        ("ws://h:1", "face", "ws://h:1/face"),
        ("http://h:1/", "session", "ws://h:1/session"),
        ("HTTPS://h", "speak", "wss://h/speak"),
        ("https://h/facewire", "face", "wss://h/facewire/face"),
        ("https://h/facewire/", "face", "wss://h/facewire/face"),
        ("wss://h/a/b/session", "session", "wss://h/a/b/session"),
        ("ws://h/face/", "session", "ws://h/face/session"),
        ("ws://[::1]:8765", "face", "ws://[::1]:8765/face"),
        ("ws://user:pass@h", "face", "ws://user:pass@h/face"),
        ("ws://h/?token=a%26b+c#x", "session", "ws://h/session?token=a%26b+c"),
        ("ws://h/session?token=", "session", "ws://h/session?token="),
    ],
)
def test_addresses(given: str, endpoint: str, made: str) -> None:
    assert Connection(given, endpoint).url == made


def test_a_viewers_address_keeps_the_token() -> None:
    viewer = FaceViewer("http://h/x/?token=a/b&format=binary", audio=True, format="json")
    assert viewer.url == "ws://h/x/face?token=a%2Fb&format=json&audio=1"
    assert SpeakClient("https://h?token=a").url == "wss://h/speak?token=a"
