"""Where a server listens: whether others can reach it, under which address, and with TLS or not."""

import ipaddress
import socket
import ssl
from pathlib import Path

from facewire.errors import ConfigError
from facewire.server.http.origins import is_loopback

ANY_ADDRESSES = ("", "0.0.0.0", "::")
FAR_AWAY = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of nobody (RFC 5737, RFC 3849): the way to them leads over the network's interface."""


def is_local(host: str) -> bool:
    """Return whether only this machine can reach a server that listens on `host`."""
    if host in ANY_ADDRESSES:
        return False
    try:
        resolved = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        resolved = set()
    return is_loopback(host, resolved)


def reachable_host(host: str) -> str:
    """Return what others call the machine that listens on `host`, as it goes into a URL.

    Where it listens on every address, that is the one of the network that it is in.
    """
    if host in ANY_ADDRESSES:
        families = {"0.0.0.0": FAR_AWAY[:1], "::": FAR_AWAY[1:]}.get(host, FAR_AWAY)
        own = (_own_address(family, far) for family, far in families)
        host = next(filter(None, own), "::1" if host == "::" else "127.0.0.1")
    return f"[{host}]" if ":" in host else host


def _own_address(family: socket.AddressFamily, far: str) -> str | None:
    """Return this machine's address on the way to another; nothing is sent."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            address = str(probe.getsockname()[0])
    except OSError:
        return None
    return None if ipaddress.ip_address(address).is_unspecified else address


def certificate_of(cert: str, key: str) -> ssl.SSLContext | None:
    """Return what a server needs for TLS where a certificate is named; None where none is.

    Raises:
        ConfigError: as `load_certificate`, or there is a key alone.
    """
    if key and not cert:
        raise ConfigError(f"--key {key} needs a certificate; name it with --cert")
    if not cert:
        return None
    return load_certificate(Path(cert).expanduser(), Path(key).expanduser() if key else None)


def load_certificate(cert: Path, key: Path | None = None) -> ssl.SSLContext:
    """Return what a server needs for TLS.

    Args:
        cert: PEM file with the certificate and those that it rests on.
        key: PEM file with its private key, without a password; None: it is in `cert`.

    Raises:
        ConfigError: a file is missing, is no PEM, or the two do not belong together.
    """
    for path in filter(None, (cert, key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without an answer OpenSSL would ask for a password on the terminal.
        context.load_cert_chain(cert, key, password=lambda: "")
    except ssl.SSLError as error:
        what = (error.reason or "no PEM").lower().replace("_", " ")
        raise ConfigError(
            f"{cert} and {key or 'the key in it'} are no certificate and key in PEM ({what}); "
            "give --cert the certificate and --key its private key without a password"
        ) from error
    return context
