"""Finding VRChat on this network, where it listens, and which parameters its avatar has.

OSCQuery (github.com/Vidvox/OSCQueryProposal): a service `_oscjson._tcp` in multicast DNS serves a
tree of addresses as JSON over HTTP, and with `?HOST_INFO` says where OSC goes.
"""

import http.client
import json
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from facewire.optional_dependency import import_optional

logger = logging.getLogger(__name__)

SERVICE = "_oscjson._tcp.local."
CLIENT = "VRChat-Client"
"""What VRChat's services are called, with a number behind it."""

EVERY_S = 3.0
"""How often the tree is read: an avatar that is changed has another."""

_PATIENCE_S = 2.0
_MOST_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Avatar:
    """What an OSCQuery service says."""

    host: str
    port: int
    """Where OSC goes."""
    tree: Mapping[str, str]
    """Addresses that can be set, and their types, such as `f`."""


class AvatarSearch:
    """A thread that looks for VRChat, and then reads what its avatar has again and again."""

    def __init__(self, host: str) -> None:
        """Get ready.

        Args:
            host: of the machine where VRChat runs; services of others are left alone.

        Raises:
            ConfigError: zeroconf is not installed.
        """
        self._zeroconf = import_optional("zeroconf", "?oscquery=yes needs zeroconf", "oscquery")
        self._host = host
        self._ended = threading.Event()
        self._found = threading.Event()
        self._places: dict[str, tuple[str, int]] = {}
        self._avatar: Avatar | None = None
        self._thread: threading.Thread | None = None

    @property
    def avatar(self) -> Avatar | None:
        """The avatar that was found last; None as long as there is none."""
        return self._avatar

    def start(self) -> None:
        """Begin to look."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name="OSCQuery", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no further; the thread ends by itself."""
        self._ended.set()
        self._found.set()

    def add_service(self, zeroconf: Any, kind: str, name: str) -> None:
        """Take note of a service, as zeroconf's listeners do."""
        if not name.startswith(CLIENT):
            return
        service = zeroconf.get_service_info(kind, name)
        wanted = _addresses(self._host)
        places = service.parsed_addresses() if service else []
        if place := next((place for place in places if place in wanted), None):
            self._places[name] = (place, service.port)
            self._found.set()

    def update_service(self, zeroconf: Any, kind: str, name: str) -> None:
        """Take note that a service is elsewhere."""
        self.add_service(zeroconf, kind, name)

    def remove_service(self, zeroconf: Any, kind: str, name: str) -> None:
        """Take note that a service is gone."""
        self._places.pop(name, None)

    def _run(self) -> None:
        try:
            zeroconf = self._zeroconf.Zeroconf()
        except OSError as error:
            logger.warning("VRChat cannot be looked for (%s); everything is sent as floats", error)
            return
        try:
            self._zeroconf.ServiceBrowser(zeroconf, SERVICE, self)
            self._found.wait()
            while not self._ended.wait(EVERY_S if self._avatar else 0.2):
                self._read()
        finally:
            zeroconf.close()

    def _read(self) -> None:
        for name, (host, port) in list(self._places.items()):
            try:
                avatar = read_avatar(host, port)
            except (OSError, ValueError, http.client.HTTPException) as error:
                logger.debug("%s does not answer: %s", name, error)
                continue
            if self._avatar is None:
                logger.info(
                    "found %s: OSC goes to %s:%s", name.partition(".")[0], avatar.host, avatar.port
                )
            self._avatar = avatar
            return


def read_avatar(host: str, port: int) -> Avatar:
    """Ask an OSCQuery service.

    Raises:
        OSError: nobody answers.
        ValueError: what comes is no such answer.
        HTTPException: it is not even HTTP.
    """
    told = _get(host, port, "/?HOST_INFO")
    tree = _get(host, port, "/")
    osc_host, osc_port = told.get("OSC_IP", host), told.get("OSC_PORT", 9000)
    if not isinstance(osc_host, str) or not isinstance(osc_port, int):
        raise ValueError("OSC_IP or OSC_PORT is no place")
    return Avatar(osc_host, osc_port, dict(_leaves(tree)))


def _get(host: str, port: int, path: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        data = connection.getresponse().read(_MOST_BYTES)
    finally:
        connection.close()
    answer = json.loads(data)
    if not isinstance(answer, dict):
        raise ValueError("not a node")
    return answer


def _leaves(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        path, kind, contents = node.get("FULL_PATH"), node.get("TYPE"), node.get("CONTENTS")
        if isinstance(path, str) and isinstance(kind, str):
            yield path, kind
        if isinstance(contents, dict):
            waiting += [child for child in contents.values() if isinstance(child, dict)]


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return set()
