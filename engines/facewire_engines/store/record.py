"""What is in the store: a record for each model, written when one of its files is whole."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from facewire.errors import ConfigError, EngineError
from facewire_engines.model_files import EMBEDDED_MODELS
from facewire_engines.store.published import Published, PublishedFile
from facewire_engines.user_cache import user_cache

RECORD = "record.json"
_BLOCK = 1 << 20

Progress = Callable[[str, int, int], None]
"""Is told a file's name, how many of its bytes are done, and how many there are; 0 if unknown."""


class StoredFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is here."""

    path: str
    """Where it is: beside the record, or wherever the user said."""
    sha256: str
    """Published, or found when it came first."""
    bytes: int


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is here of a model."""

    revision: str
    """Which state of its repository, where the hub said so."""
    files: dict[str, StoredFile]


class FileState(StrEnum):
    """Whether a file may be used."""

    READY = "ready"
    MISSING = "missing"
    DAMAGED = "damaged"


def default_store() -> Path:
    """Return the folder of models in the user's cache, which may not exist yet."""
    return user_cache() / "models"


def read_record(store: Path, model: Published) -> Record:
    """Return what is here of a model: nothing, if the record cannot be read."""
    if model.embedded:
        files = {
            name: StoredFile(str(EMBEDDED_MODELS / model.name / name), file.sha256, file.bytes)
            for name, file in model.files.items()
        }
        return Record(model.revision, files)
    try:
        return msgspec.json.decode((store / model.name / RECORD).read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError):
        return Record(model.revision, {})


def write_record(store: Path, model: Published, record: Record) -> None:
    """Write a record in place of the one that was there.

    Raises:
        ConfigError: the folder cannot be written.
    """
    folder = store / model.name
    new = folder / f"{RECORD}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
        new.replace(folder / RECORD)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise ConfigError(
            f"cannot write to {folder} ({os.strerror(error.errno or 0)}); free some space or "
            "choose another folder with --store"
        ) from error


def file_state(
    published: PublishedFile, stored: StoredFile | None, progress: Progress | None = None
) -> FileState:
    """Tell whether a file is here; with `progress`, read all of it and compare its sha256."""
    if stored is None:
        return FileState.MISSING
    path = Path(stored.path)
    try:
        size = path.stat().st_size
        if size != stored.bytes or not stored.sha256.startswith(published.sha256):
            return FileState.DAMAGED
        if progress and digest_of(path, progress)[0] != stored.sha256:
            return FileState.DAMAGED
    except FileNotFoundError:
        return FileState.MISSING
    except OSError:
        return FileState.DAMAGED
    return FileState.READY


def digest_of(path: Path, progress: Progress) -> tuple[str, int]:
    """Return the sha256 of a file, and its size.

    Raises:
        OSError: it cannot be read.
    """
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        total = os.fstat(file.fileno()).st_size
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            progress(path.name, done, total)
    return digest.hexdigest(), done


def stored_file(model: Published, name: str, store: Path | None = None) -> Path:
    """Return the path of a model's file for an engine that wants to load it.

    Raises:
        EngineError: it is not here, or not whole.
    """
    record = read_record(store or default_store(), model)
    state = file_state(model.files[name], stored := record.files.get(name))
    if state is FileState.READY and stored is not None:
        return Path(stored.path)
    raise EngineError(
        f"the file {name} of model {model.name!r} is {state}; get it with: "
        f"facewire models pull {model.name}"
    )
