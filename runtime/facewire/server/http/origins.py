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
    name = page_host(origin)
    if name is None:
        return False
    if name in LOOPBACK_NAMES:
        return True
    return is_own_page(origin, host) and _is_own_name(name, bound_host)


def page_host(origin: str | None) -> str | None:
    """Return the host that a page was loaded from; None for what is no page of the web."""
    try:
        page = urlsplit(origin or "")
        name = page.hostname
    except ValueError:
        return None
    return name if page.scheme in ("http", "https") else None


def is_own_page(origin: str | None, host: str | None) -> bool:
    """Return whether the page came from where its request goes, port and all.

    The name may still be one that somebody else made point here.
    """
    if page_host(origin) is None or not host:
        return False
    return urlsplit(origin or "").netloc.lower() == host.lower()


def is_loopback(host: str, resolved: Collection[str] = ()) -> bool:
    """Return whether an address, or a name with all that it stands for, is this machine's.

    Args:
        host: "127.0.0.1", "::1", "localhost" or another name.
        resolved: addresses of a name; one without any is taken for the network's.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(resolved) and all(is_loopback(one) for one in resolved)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_own_name(name: str, bound_host: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        own = socket.gethostname().lower()
        return name in (bound_host.lower(), own, f"{own}.local")
    return True
