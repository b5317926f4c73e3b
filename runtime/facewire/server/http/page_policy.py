"""What a browser must keep the viewer page from, as headers of its response."""

import re
from collections.abc import Collection
from urllib.parse import parse_qsl, urlsplit

SERVER_KEY = "server"
"""In the page's address: another server than its own; the page asks before it connects there."""

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?(:\d{1,5})?")
_ORIGIN = re.compile(rf"https?://{_HOST.pattern}")
_SCHEMES = {"http": "http ws", "ws": "http ws", "https": "https wss", "wss": "https wss"}
"""The page asks a server that does not answer whether it lives, by http."""


def page_headers(
    host: str | None, query: str = "", framed_by: Collection[str] = ()
) -> dict[str, str]:
    """Return the headers of the page: it runs its own files, and connects where it may.

    Args:
        host: what the request calls this server, such as "127.0.0.1:8765".
        query: of the page's address.
        framed_by: origins of other pages that may show this one in a frame.
    """
    frames = [origin for origin in framed_by if _ORIGIN.fullmatch(origin.lower())]
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'", *_own_sockets(host), *_named_server(query)],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'self'", *frames],
    }
    return {
        "Content-Security-Policy": "; ".join(f"{key} {' '.join(policy[key])}" for key in policy),
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    }


def _own_sockets(host: str | None) -> list[str]:
    """Return sources for our own sockets; older WebKit does not take them for 'self'."""
    host = (host or "").lower()
    return [f"ws://{host}", f"wss://{host}"] if _HOST.fullmatch(host) else []


def _named_server(query: str) -> list[str]:
    """Return sources for the server that the page's address names; it is asked about first."""
    value = next((value for key, value in parse_qsl(query) if key == SERVER_KEY), "")
    try:
        url = urlsplit(value)
        host = url.netloc.rpartition("@")[2].lower()
    except ValueError:
        return []
    schemes = _SCHEMES.get(url.scheme, "").split()
    if _HOST.fullmatch(host):
        return [f"{scheme}://{host}" for scheme in schemes]
    # A policy cannot name an address of IPv6, only the kind of connection.
    named = re.fullmatch(r"\[[0-9a-f:.]+\](:\d{1,5})?", host)
    return [f"{scheme}:" for scheme in schemes] if named else []
