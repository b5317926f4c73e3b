"""Brings a model's files into the store: what is here and whole stays, what is missing is got.

Where no sha256 was published, the one of the file that comes first is recorded, and every file
after it has to match: trust on first use.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from facewire.errors import ConfigError, EngineError
from facewire.optional_dependency import import_optional
from facewire_engines.store.download import IDLE_S, download, import_httpx
from facewire_engines.store.partial import PartialFile
from facewire_engines.store.published import HUB, Published, PublishedFile
from facewire_engines.store.record import (
    FileState,
    Progress,
    Record,
    StoredFile,
    file_state,
    read_record,
    write_record,
)

LOCK = "lock"


class Pulled(msgspec.Struct, frozen=True):
    """What a pull did."""

    kept: tuple[str, ...]
    """Files that were here and whole."""
    fetched: tuple[str, ...]
    trusted: tuple[str, ...]
    """Those of `fetched` whose sha256 nobody had published or recorded before."""


def require_licence(model: Published, accepted: bool) -> None:
    """Fail unless the user may have the model.

    Raises:
        ConfigError: its licence forbids commercial use, and the user has not accepted that.
    """
    if model.non_commercial and not accepted:
        raise ConfigError(
            f"{model.name!r} may not be used commercially ({model.licence}); read {model.terms} "
            "and run the same command with --accept-licence if that is fine for you"
        )


def pull(
    model: Published,
    store: Path,
    progress: Progress,
    *,
    endpoint: str = HUB,
    pause: Callable[[float], None] = time.sleep,
) -> Pulled:
    """Get what is missing or damaged of a model; without a network, what is here still counts.

    Args:
        model: what to get.
        store: folder of all models.
        progress: is told about checks and downloads.
        endpoint: address of the hub, or of a mirror of it.
        pause: waits so many seconds before the next try.

    Raises:
        ConfigError: the disk is full, another process is at it, or a library is not installed.
        EngineError: a file cannot be had, or is not the one that was published.
    """
    record = read_record(store, model)
    missing = [
        name
        for name, published in model.files.items()
        if file_state(published, record.files.get(name), progress) is not FileState.READY
    ]
    kept = tuple(name for name in model.files if name not in missing)
    if not missing:
        return Pulled(kept, (), ())
    if model.embedded:
        raise EngineError(f"{missing[0]} of the embedded model is damaged; install Facewire again")
    if not model.repository:
        raise ConfigError(
            f"no address of the files of {model.name!r} is known; get them as {model.terms} says "
            f"and register their folder with: facewire models pull {model.name} --from FOLDER"
        )
    httpx = import_httpx()
    trusted = []
    with (
        _lock(store / model.name),
        httpx.Client(follow_redirects=True, timeout=IDLE_S) as client,
    ):
        for name in missing:
            # The record is written when a file is whole, and names the revision of the next.
            record = read_record(store, model)
            wanted, path = _wanted(model, record, name), store / model.name / name
            url = model.url(name, record.revision, endpoint)
            found = download(client, url, PartialFile(path), wanted, progress, pause)
            stored = StoredFile(str(path.absolute()), found.sha256, found.bytes)
            files = {**record.files, name: stored}
            write_record(store, model, Record(found.commit or record.revision, files))
            trusted += [] if wanted.certain else [name]
    return Pulled(kept, tuple(missing), tuple(trusted))


def _wanted(model: Published, record: Record, name: str) -> PublishedFile:
    """Return what is known of a file: as it came first, or as it was published."""
    known = record.files.get(name)
    return PublishedFile(known.sha256, known.bytes) if known else model.files[name]


def _lock(folder: Path) -> Any:
    """Keep other processes from writing to the same files meanwhile.

    Raises:
        ConfigError: one does so now, or the folder cannot be made.
    """
    filelock = import_optional("filelock", "downloading needs filelock", "models")
    lock = filelock.FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ConfigError(
            f"another facewire is downloading {folder.name}; wait until it is done"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder} ({error.strerror}); choose another folder with --store"
        ) from error
