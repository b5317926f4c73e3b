"""Which pages may connect."""

import socket

import pytest

from facewire.server.http.origins import origin_allowed

HERE = "127.0.0.1:8765"


@pytest.mark.parametrize(
    ("origin", "host", "bound"),
    [
        (None, HERE, "127.0.0.1"),
        ("http://127.0.0.1:8765", HERE, "127.0.0.1"),
        ("http://localhost:8765", "localhost:8765", "127.0.0.1"),
        ("http://localhost:3000", HERE, "127.0.0.1"),
        ("https://localhost", HERE, "127.0.0.1"),
        ("http://[::1]:8765", "[::1]:8765", "::1"),
        ("http://192.168.1.7:8765", "192.168.1.7:8765", "0.0.0.0"),
        ("http://studio.example:8765", "studio.example:8765", "studio.example"),
        (f"http://{socket.gethostname()}:8765", f"{socket.gethostname()}:8765", "0.0.0.0"),
    ],
)
def test_programs_and_pages_of_this_machine_may_connect(
    origin: str | None, host: str, bound: str
) -> None:
    assert origin_allowed(origin, host, bound)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://example.org", HERE),
        ("null", HERE),
        ("", HERE),
        ("file://", HERE),
        ("http://127.0.0.1.example.org", HERE),
        ("http://localhost.example.org:8765", HERE),
        ("http://192.168.1.8:8765", "192.168.1.7:8765"),
        ("http://192.168.1.7:9000", "192.168.1.7:8765"),
        ("http://evil.example:8765", "evil.example:8765"),
        ("http://[", HERE),
        ("chrome-extension://localhost", HERE),
    ],
)
def test_pages_from_elsewhere_may_not(origin: str, host: str) -> None:
    assert not origin_allowed(origin, host, "127.0.0.1")


def test_whom_the_user_names_may() -> None:
    allowed = ["https://Example.org/", "null"]
    assert origin_allowed("https://example.org", HERE, "127.0.0.1", allowed)
    assert origin_allowed("null", HERE, "127.0.0.1", allowed)
    assert not origin_allowed("http://example.org", HERE, "127.0.0.1", allowed)
    assert not origin_allowed("https://sub.example.org", HERE, "127.0.0.1", allowed)


def test_a_missing_host_is_no_reason_to_trust() -> None:
    assert not origin_allowed("http://192.168.1.7:8765", None, "0.0.0.0")
