"""Whether a client may connect: whoever shows the token, and here everybody where there is none.

The token comes in the query (`?token=`), as `Authorization: Bearer`, or as the cookie that our own
page was given. Browsers send cookies of their own accord, also from pages of other ports of the
same host, so a cookie counts only where the request says that our own page made it.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode

from websockets.datastructures import Headers

from facewire.server.http.origins import LOOPBACK_NAMES, is_loopback, is_own_page, page_host

TOKEN_KEY = "token"
TOKEN_BYTES = 18


@dataclass(frozen=True, slots=True)
class Access:
    """What a client has to show, and whether others may hear the live stream."""

    token: str = field(default="", repr=False)
    """Empty: nobody has to show one."""
    open_sound: bool = False
    """Whether whoever may watch may hear, too."""

    def admits(self, query: str, headers: Headers) -> bool:
        """Return whether a request shows the token, where there is one."""
        return not self.token or self._shown(query, headers)

    def may_hear(self, query: str, headers: Headers, peer: str) -> bool:
        """Return whether a viewer may have the sound that the faces belong to.

        It is mostly a microphone's. Without a token only our own page on this machine may: programs
        and pages of other ports are not asked who they are.

        Args:
            query: of the request.
            headers: of the request.
            peer: the address that it comes from.
        """
        if self.open_sound or (self.token and self._shown(query, headers)):
            return True
        host = page_host(_one(headers, "Origin"))
        own = is_own_page(_one(headers, "Origin"), _one(headers, "Host"))
        return not self.token and own and host in LOOPBACK_NAMES and is_loopback(peer)

    def cookie(self, port: int, *, secure: bool) -> str:
        """Return the `Set-Cookie` that lets our page connect; it does not hold the token itself.

        Without a path it is for the folder of the page, also behind a proxy.
        """
        text = f"{_cookie_name(port)}={self._page_key()}; HttpOnly; SameSite=Strict"
        return f"{text}; Secure" if secure else text

    def url_query(self) -> str:
        """Return what a printed address has to end with."""
        return f"?{TOKEN_KEY}={quote(self.token, safe='')}" if self.token else ""

    def _page_key(self) -> str:
        return hmac.new(self.token.encode(), b"facewire page", hashlib.sha256).hexdigest()

    def _shown(self, query: str, headers: Headers) -> bool:
        # Every way is compared, so that the time tells nothing.
        shown = [value for key, value in parse_qsl(query) if key == TOKEN_KEY]
        for header in headers.get_all("Authorization"):
            scheme, _, value = header.partition(" ")
            if scheme.lower() == "bearer":
                shown.append(value.strip())
        right = [_same(value, self.token) for value in shown]
        if _made_by_own_page(headers):
            key = self._page_key()
            right += [_same(value, key) for value in _cookies(headers)]
        return any(right)


def make_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def without_token(query: str) -> str:
    """Return the query without the token, which is not for those who read the rest."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(key, value) for key, value in pairs if key != TOKEN_KEY])


def wants_sound(query: str) -> bool:
    """Return whether a viewer asks for audio, in whatever words."""
    return any(key == "audio" and value != "0" for key, value in parse_qsl(query))


def _made_by_own_page(headers: Headers) -> bool:
    """Return whether a browser says that our own page, or its reader, asked for this."""
    origins = headers.get_all("Origin")
    if not origins:
        # Reading a page is no danger, and a WebSocket of a browser always has an origin.
        return not headers.get_all("Upgrade")
    return all(is_own_page(origin, _one(headers, "Host")) for origin in origins)


def _cookies(headers: Headers) -> list[str]:
    pairs = [one.partition("=") for line in headers.get_all("Cookie") for one in line.split(";")]
    return [value.strip() for name, _, value in pairs if name.strip().startswith("facewire_")]


def _cookie_name(port: int) -> str:
    # Cookies are shared by all ports of a host.
    return f"facewire_{port}"


def _one(headers: Headers, name: str) -> str | None:
    return next(iter(headers.get_all(name)), None)


def _same(shown: str, right: str) -> bool:
    return secrets.compare_digest(shown.encode("utf-8", "surrogateescape"), right.encode())
