"""Addresses as people write them, into those of the server's WebSockets."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

ENDPOINTS = ("face", "session", "speak")
_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}


def socket_url(url: str, endpoint: str, **query: str) -> str:
    """Return where to connect.

    Args:
        url: "ws://127.0.0.1:8765", the page's "https://example.org/facewire/?token=abc", or the
            whole address of an endpoint.
        endpoint: such as "session", for a url that names none.
        query: what the address says besides its own query, such as a format.

    Raises:
        ValueError: it is no address of a server.
    """
    parts = urlsplit(url)
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None or not parts.hostname or parts.port == 0:
        raise ValueError("an address is like ws://127.0.0.1:8765 or https://example.org/facewire/")
    path = parts.path
    if path.rpartition("/")[2] not in ENDPOINTS:
        path = f"{path.rstrip('/')}/{endpoint}"
    own = parse_qsl(parts.query, keep_blank_values=True)
    pairs = [(key, value) for key, value in own if key not in query]
    return urlunsplit((scheme, parts.netloc, path, urlencode([*pairs, *query.items()]), ""))
