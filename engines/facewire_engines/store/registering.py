"""Takes files that the user already has, in a folder or in a Hugging Face cache, where they are."""

from pathlib import Path

from facewire.errors import ConfigError, EngineError
from facewire_engines.store.published import Published
from facewire_engines.store.record import (
    Progress,
    Record,
    StoredFile,
    digest_of,
    read_record,
    write_record,
)


def register(model: Published, where: Path, store: Path, progress: Progress) -> Record:
    """Check a model's files that are somewhere else, and record where they are.

    Args:
        model: what they should be.
        where: a folder that holds them, one of a Hugging Face cache, or the only file itself.
        store: folder of all models.
        progress: is told what has been read.

    Raises:
        ConfigError: a file is not there, or the store cannot be written.
        EngineError: a file is not the one that was published or recorded before.
    """
    if model.embedded:
        raise ConfigError(f"{model.name!r} comes with Facewire; there is nothing to register")
    before = read_record(store, model)
    files = {}
    for name, published in model.files.items():
        path = _find(model, where, name)
        try:
            digest, size = digest_of(path, progress)
        except OSError as error:
            raise ConfigError(f"cannot read {path} ({error.strerror})") from error
        known = before.files.get(name)
        wanted = known.sha256 if known else published.sha256
        if not digest.startswith(wanted) or (published.bytes and size != published.bytes):
            raise EngineError(
                f"{path} is not the file that was {'recorded' if known else 'published'} (its "
                f"sha256 is {digest[:12]}…, expected {wanted[:12]}…); get it with: facewire "
                f"models pull {model.name}"
            )
        files[name] = StoredFile(str(path), digest, size)
    revision = _snapshot(next(iter(files.values())).path) or before.revision
    record = Record(revision, files)
    write_record(store, model, record)
    return record


def _find(model: Published, where: Path, name: str) -> Path:
    """Return where a file is, or complain."""
    folders = [where, *_snapshots(where), *_snapshots(where / _cache_name(model))]
    folders += _snapshots(where / "hub" / _cache_name(model))
    candidates = [folder / name for folder in folders]
    if where.is_file() and len(model.files) == 1:
        candidates.insert(0, where)
    for path in candidates:
        if path.is_file():
            return path.absolute()
    raise ConfigError(
        f"there is no {name} in {where}; {model.name!r} needs: {', '.join(model.files)}"
    )


def _cache_name(model: Published) -> str:
    """Return what a repository's folder is called in a Hugging Face cache."""
    is_dataset = model.repository.startswith("datasets/")
    path = model.repository if is_dataset else f"models/{model.repository}"
    return path.replace("/", "--")


def _snapshots(folder: Path) -> list[Path]:
    """Return the states of a repository in a cache, that of its main branch first."""
    found = sorted(folder.glob("snapshots/*"))
    main = folder / "refs" / "main"
    chosen = main.read_text(encoding="utf-8").strip() if main.is_file() else ""
    return sorted(found, key=lambda path: path.name != chosen)


def _snapshot(path: str) -> str:
    """Return the revision that a cache's path names, or nothing."""
    parts = Path(path).parts
    return parts[parts.index("snapshots") + 1] if "snapshots" in parts[:-2] else ""
