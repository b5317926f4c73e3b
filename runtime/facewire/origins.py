"""Which web pages may connect: our own and those of this machine, and whom the user names.

Browsers let any page open a WebSocket to 127.0.0.1, and say in `Origin` where the page came from.
"""

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def origin_allowed(
    origin: str | None, host: str | None, bound_host: str, allowed: Collection[str] = ()
) -> bool:
    """Decide by the `Origin` and `Host` headers of a request.

    Programs send no origin. A page that this server sent has the origin that `Host` names; that
    counts only if `Host` is an address or a name of this machine, since a page from elsewhere can
    make its own name point here (DNS rebinding).

    Args:
        origin: such as "https://example.org" or "null"; None if there was none.
        host: such as "192.168.1.7:8765".
        bound_host: what the server listens on.
        allowed: origins that may also connect, as the user wrote them.
    """
    if origin is None:
        return True
    if origin.rstrip("/").lower() in {entry.rstrip("/").lower() for entry in allowed}:
        return True
    try:
        page = urlsplit(origin)
        name = page.hostname
    except ValueError:
        return False
    if page.scheme not in ("http", "https") or not name:
        return False
    if name in LOOPBACK_NAMES:
        return True
    return page.netloc.lower() == (host or "").lower() and _is_own_name(name, bound_host)


def _is_own_name(name: str, bound_host: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        own = socket.gethostname().lower()
        return name in (bound_host.lower(), own, f"{own}.local")
    return True
