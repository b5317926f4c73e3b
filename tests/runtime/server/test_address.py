"""Where a server listens, and TLS."""

import asyncio
import logging
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from facewire.clock import SystemClock
from facewire.errors import ConfigError
from facewire.face import make_face
from facewire.server.http.address import ANY_ADDRESSES, certificate_of, is_local, reachable_host
from facewire.server.server import FaceServer
from facewire_engines.energy.engine import EnergyEngine


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "::ffff:127.0.0.1"])
def test_this_machine_alone(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.5", "fd00::5", "no-such-name.invalid", "10.1"]
)
def test_the_network(host: str) -> None:
    assert not is_local(host)


@pytest.mark.parametrize("host", ANY_ADDRESSES)
def test_where_others_reach_every_address(host: str) -> None:
    found = reachable_host(host).strip("[]")
    assert found not in ANY_ADDRESSES
    family = socket.AF_INET6 if ":" in found else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((found, 0))  # it is one of ours


def test_an_address_goes_into_a_url() -> None:
    assert reachable_host("fd00::5") == "[fd00::5]"
    assert reachable_host("studio.local") == "studio.local"


def serve_tls(cert: Path, key: Path | None) -> FaceServer:
    tls = certificate_of(str(cert), str(key or ""))
    return FaceServer(EnergyEngine(), make_face, clock=SystemClock(), port=0, token="abc", tls=tls)


async def test_pages_and_sockets_over_tls(certificate: tuple[Path, Path]) -> None:
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    async with serve_tls(*certificate) as server:
        (page,) = server.page_urls
        assert page == f"https://{server.address}/?token=abc"
        async with connect(f"wss://{server.address}/session?token=abc", ssl=trust) as socket_:
            assert (await socket_.ping()) is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trust)
        writer.write(f"GET /?token=abc HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
        answer = await reader.read()
        assert b" 200 OK" in answer
        assert b"SameSite=Strict; Secure\r\n" in answer
        writer.close()


async def test_certificate_and_key_in_one_file(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(path.read_bytes() for path in certificate))
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    async with (
        serve_tls(both, None) as server,
        connect(f"wss://{server.address}/session?token=abc", ssl=trust),
    ):
        pass


async def test_plain_clients_of_a_tls_port_leave_no_noise(
    certificate: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    async with serve_tls(*certificate) as server:
        with pytest.raises((WebSocketException, OSError, EOFError)):
            await connect(f"ws://{server.address}/session?token=abc").__aenter__()
        async with connect(
            f"wss://{server.address}/session?token=abc",
            ssl=ssl.create_default_context(cafile=str(certificate[0])),
        ):
            pass
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


class TestWhatIsNoCertificate:
    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"cert\.pem cannot be read: No such file"):
            certificate_of(str(tmp_path / "cert.pem"), "")

    def test_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "cert.pem").write_text("hello")
        with pytest.raises(ConfigError, match="no certificate and key in PEM"):
            certificate_of(str(tmp_path / "cert.pem"), "")

    def test_a_key_alone(self) -> None:
        with pytest.raises(ConfigError, match="name it with --cert"):
            certificate_of("", "key.pem")

    def test_a_key_of_another(self, certificate: tuple[Path, Path], tmp_path: Path) -> None:
        other = tmp_path / "other.pem"
        subprocess.run(
            ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", str(other)],
            check=True, capture_output=True,
        )  # fmt: skip
        with pytest.raises(ConfigError, match=r"key values mismatch.*give --cert"):
            certificate_of(str(certificate[0]), str(other))

    def test_a_key_with_a_password_does_not_ask(
        self, certificate: tuple[Path, Path], tmp_path: Path
    ) -> None:
        locked = tmp_path / "locked.pem"
        subprocess.run(
            ["openssl", "pkey", "-in", str(certificate[1]), "-aes256", "-passout", "pass:x",
             "-out", str(locked)],
            check=True, capture_output=True,
        )  # fmt: skip
        with pytest.raises(ConfigError, match="without a password"):
            certificate_of(str(certificate[0]), str(locked))
