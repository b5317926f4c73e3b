"""What a browser must keep the viewer page from, as headers of its response."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl, urlsplit

SERVER_KEY = "server"
"""In the page's address: another server than its own; the page asks before it connects there."""
AVATAR_KEY = "avatar"
"""In the page's address: a file that the page fetches, without cookies, and shows."""

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?(:\d{1,5})?")
_ORIGIN = re.compile(rf"https?://{_HOST.pattern}")
_SCHEMES = {"http": "http ws", "ws": "http ws", "https": "https wss", "wss": "https wss"}
"""The page asks a server that does not answer whether it lives, by http."""
_FILE_SCHEMES = {"http": "http", "https": "https"}


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
        # An avatar's meshes may be compressed, and meshopt's decoder is WebAssembly.
        "script-src": ["'self'", "'wasm-unsafe-eval'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": [
            "'self'",
            "blob:",  # an avatar's pictures, which lie in its file
            *_own_sockets(host),
            *_named(query, SERVER_KEY, _SCHEMES),
            *_named(query, AVATAR_KEY, _FILE_SCHEMES),
        ],
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


def _named(query: str, name: str, known: Mapping[str, str]) -> list[str]:
    """Return sources for the host of an address that the page's own address names.

    Args:
        query: of the page's address.
        name: of the part of it that holds an address.
        known: schemes of such an address, with those that the page uses there.
    """
    value = next((value for key, value in parse_qsl(query) if key == name), "")
    try:
        url = urlsplit(value)
        host = url.netloc.rpartition("@")[2].lower()
    except ValueError:
        return []
    schemes = known.get(url.scheme, "").split()
    if _HOST.fullmatch(host):
        return [f"{scheme}://{host}" for scheme in schemes]
    # A policy cannot name an address of IPv6, only the kind of connection.
    named = re.fullmatch(r"\[[0-9a-f:.]+\](:\d{1,5})?", host)
    return [f"{scheme}:" for scheme in schemes] if named else []
