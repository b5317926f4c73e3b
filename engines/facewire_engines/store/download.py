"""Gets a file over HTTP, and goes on where an earlier try was cut off.

A range is asked for with `If-Range`, so a file that has changed on the server comes from its
beginning instead of being stitched together from two versions.
"""

import re
import shutil
import time
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from facewire.errors import ConfigError, EngineError
from facewire.optional_dependency import import_optional
from facewire_engines.store.partial import PartialFile
from facewire_engines.store.published import PublishedFile
from facewire_engines.store.record import Progress

if TYPE_CHECKING:
    import httpx

IDLE_S = 30.0
"""How long a server may say nothing."""
TRIES = 3
"""How often nothing at all may come before the connection is given up."""


class Downloaded(msgspec.Struct, frozen=True):
    """What came."""

    sha256: str
    bytes: int
    commit: str
    """The hub's name of the state of the repository; empty if the server is no hub."""


class _Again(Exception):
    """The server's answer does not continue what is here; what is here has been forgotten."""


def import_httpx() -> ModuleType:
    """Return the library that downloads.

    Raises:
        ConfigError: it is not installed.
    """
    hint = "register files that you have with --from"
    return import_optional("httpx", "downloading needs httpx", "models", hint=hint)


def download(
    client: "httpx.Client",
    url: str,
    partial: PartialFile,
    wanted: PublishedFile,
    progress: Progress,
    pause: Callable[[float], None] = time.sleep,
) -> Downloaded:
    """Get a file whole and check it; on failure keep what came, unless it is wrong.

    Raises:
        ConfigError: the disk is full or cannot be written.
        EngineError: the server cannot be reached or has no such file, or sent something else.
    """
    httpx = import_httpx()
    empty_handed = 0
    while True:
        before = partial.size
        try:
            commit, stated = _receive(client, url, partial, wanted, progress)
        except httpx.TransportError as error:
            empty_handed = 0 if partial.size > before else empty_handed + 1
            if empty_handed >= TRIES or isinstance(error, httpx.ConnectError):
                raise _broken(url, partial, error) from error
            pause(float(empty_handed))
        except _Again:
            empty_handed += 1
            if empty_handed >= TRIES:
                raise EngineError(f"{url} cannot be read in pieces; try again later") from None
        else:
            break
    _check(partial, wanted, stated)
    partial.finish()
    return Downloaded(partial.sha256, partial.size, commit)


def _receive(
    client: "httpx.Client", url: str, partial: PartialFile, wanted: PublishedFile, tell: Progress
) -> tuple[str, str]:
    """Ask once, and take what comes; return the hub's commit and sha256, where it names them."""
    headers = {"Accept-Encoding": "identity"}
    if partial.size and partial.etag:
        headers |= {"Range": f"bytes={partial.size}-", "If-Range": partial.etag}
    with client.stream("GET", url, headers=headers) as response:
        total = _total(response)
        if response.status_code == 416:
            if total != partial.size:
                partial.restart("")
                raise _Again
            return _hub(response)
        _refuse(response, url)
        _place(response, partial)
        if wanted.bytes and total and total != wanted.bytes:
            partial.discard()
            raise EngineError(
                f"{url} has {total:,} bytes where {wanted.bytes:,} were published; it is another "
                "file now"
            )
        _make_room(partial, total)
        for block in response.iter_raw():
            partial.append(block)
            tell(partial.path.name, partial.size, total)
        return _hub(response)


def _refuse(response: "httpx.Response", url: str) -> None:
    """Fail on an answer that is no file."""
    status = response.status_code
    if status in (200, 206):
        return
    if status in (404, 410):
        raise EngineError(f"there is no {url} (any more); see whether its page says where it went")
    if status in (401, 403):
        raise EngineError(
            f"{url} is not given to everybody ({status}); get it with an account of yours and "
            "register it with --from"
        )
    raise EngineError(f"{urlsplit(url).netloc} answers {status} to {url}; try again later")


def _place(response: "httpx.Response", partial: PartialFile) -> None:
    """Find out whether the answer continues what is here; if not, forget what is here."""
    etag = response.headers.get("etag", "")
    strong = "" if etag.startswith("W/") else etag
    if response.status_code == 200:
        partial.restart(strong)
        return
    found = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
    continues = found is not None and int(found[1]) == partial.size
    if not continues or (strong and strong != partial.etag):
        partial.restart("")
        raise _Again


def _total(response: "httpx.Response") -> int:
    """Return the size of the whole file; 0 if the server does not say."""
    if response.status_code in (206, 416):
        size = response.headers.get("content-range", "").rpartition("/")[2]
    else:
        size = response.headers.get("content-length", "")
    return int(size) if size.isdigit() else 0


def _hub(response: "httpx.Response") -> tuple[str, str]:
    """Return the commit and the sha256 that a hub names, before it sends on to where files are."""
    for answer in (*response.history, response):
        if commit := answer.headers.get("x-repo-commit", ""):
            stated = answer.headers.get("x-linked-etag", "").strip('"')
            return commit, stated if re.fullmatch("[0-9a-f]{64}", stated) else ""
    return "", ""


def _make_room(partial: PartialFile, total: int) -> None:
    """Find out before the download whether it fits."""
    free = shutil.disk_usage(partial.path.parent).free
    if total - partial.size > free:
        raise ConfigError(
            f"{partial.path} needs {total - partial.size:,} more bytes and {free:,} are free; free "
            "some space and run the same command again, or choose another folder with --store"
        )


def _check(partial: PartialFile, wanted: PublishedFile, stated: str) -> None:
    """Fail if what came is not what was published, and forget it."""
    found = partial.sha256
    wrong_size = wanted.bytes and wanted.bytes != partial.size
    if wrong_size or not found.startswith(wanted.sha256) or not found.startswith(stated):
        partial.discard()
        raise EngineError(
            f"what came for {partial.path.name} is not the file that was published (its sha256 is "
            f"{found[:12]}…, expected {(wanted.sha256 or stated)[:12]}…); it was thrown away, try "
            "again later"
        )


def _broken(url: str, partial: PartialFile, error: Exception) -> EngineError:
    host, reason = urlsplit(url).netloc, str(error) or type(error).__name__
    if partial.size and partial.etag:
        return EngineError(
            f"the connection to {host} broke off after {partial.size:,} bytes of "
            f"{partial.path.name} ({reason}); run the same command again, and it goes on from there"
        )
    return EngineError(
        f"cannot reach {host} ({reason}); connect to the network and run the same command again, "
        "or register files that you have with --from"
    )
