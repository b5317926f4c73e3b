"""Compiled plans on disk: which file belongs to what, and whether it may be used.

A plan has a manifest beside it, which says what it was made from, for what, by what, and its
sha256. It is used only if all of that is what is wanted now; in any other case it is made again.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from facewire.errors import ConfigError
from facewire_engines.user_cache import user_cache


class PlanKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a plan depends on."""

    model: str
    """Name of the model."""
    graph: str
    """File of the model that was compiled, such as `encoder.onnx`."""
    graph_sha256: str
    precision: str
    """What its products are computed in: `fp32`, `fp16` or `bf16`."""
    targets: tuple[str, ...]
    """Processors that it runs on, such as `sm_89`, sorted."""
    max_batch: int
    """Most rows of a run."""
    library: str
    """What compiled it, such as `tensorrt_rtx`."""
    library_version: str
    form: str = ""
    """How the graph was rewritten before: another form is another revision."""

    @property
    def stem(self) -> str:
        """Name of its file, which the next version of the same thing has too."""
        parts = (self.model, Path(self.graph).stem, self.precision, self.library, *self.targets)
        name = f"{'-'.join(parts)}-b{self.max_batch}"
        return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)


class PlanManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands beside a plan."""

    key: PlanKey
    sha256: str
    bytes: int


class PlanState(StrEnum):
    """Whether a plan may be used."""

    READY = "ready"
    MISSING = "missing"
    STALE = "stale"
    """Made from another revision of the model, or by another version of the library."""
    FOREIGN = "foreign"
    """Made for other processors, with other options, or by another library."""
    DAMAGED = "damaged"


def default_cache() -> Path:
    """Return the folder for plans in the user's cache, which may not exist yet."""
    return user_cache() / "plans"


def plan_state(folder: Path, wanted: PlanKey) -> PlanState:
    """Tell whether the plan that is on disk under a key's name is the one that is wanted."""
    path = folder / f"{wanted.stem}.plan"
    found = read_plan_manifest(path)
    if not os.path.exists(path):  # unlike a Path's, it is false where nobody may look
        return PlanState.MISSING
    if found is None or not _intact(path, found):
        return PlanState.DAMAGED
    if found.key == wanted:
        return PlanState.READY
    same = msgspec.structs.replace(
        found.key,
        graph_sha256=wanted.graph_sha256,
        library_version=wanted.library_version,
        form=wanted.form,
    )
    return PlanState.STALE if same == wanted else PlanState.FOREIGN


def read_plan(folder: Path, wanted: PlanKey) -> bytes | None:
    """Return a plan, or None unless it is whole and the one that is wanted."""
    if plan_state(folder, wanted) is not PlanState.READY:
        return None
    return (folder / f"{wanted.stem}.plan").read_bytes()


def find_plan(folder: Path, wanted: PlanKey, target: str) -> tuple[Path, PlanManifest] | None:
    """Return the plan for a processor, whatever else it is for and however many rows it takes.

    Args:
        folder: the cache.
        wanted: what it has to be made from and by; its targets and rows do not count.
        target: such as `sm_89`.

    Returns:
        The one with the most rows, and its manifest; None if none is whole and as wanted.
    """
    found = None
    for path, manifest in stored_plans(folder):
        if manifest is None or target not in manifest.key.targets:
            continue
        same = msgspec.structs.replace(
            manifest.key, targets=wanted.targets, max_batch=wanted.max_batch
        )
        if same == wanted and (found is None or manifest.key.max_batch > found[1].key.max_batch):
            found = path, manifest
    return found


def write_plan(folder: Path, key: PlanKey, content: bytes) -> Path:
    """Store a plan and its manifest, in place of what was there; return the plan's path.

    Raises:
        ConfigError: the folder cannot be written, or the disk is full.
    """
    path = folder / f"{key.stem}.plan"
    manifest = PlanManifest(key, hashlib.sha256(content).hexdigest(), len(content))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Whoever reads between the two finds a plan that is not its manifest's: damaged.
        _replace(path, content)
        _replace(path.with_suffix(".json"), msgspec.json.encode(manifest))
    except OSError as error:
        raise ConfigError(
            f"cannot write the plan {path} ({error.strerror}); choose another folder with --cache"
        ) from error
    return path


def stored_plans(folder: Path) -> Iterator[tuple[Path, PlanManifest | None]]:
    """Yield every plan of a folder by name, with its manifest, or None if it is damaged."""
    for path in _plans_in(folder):
        manifest = read_plan_manifest(path)
        yield path, manifest if manifest and _intact(path, manifest) else None


def _plans_in(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.plan"))
    except OSError:  # a folder that this user may not look into
        return []


def read_plan_manifest(path: Path) -> PlanManifest | None:
    """Return the manifest of a plan, or None if there is none that can be read."""
    try:
        return msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=PlanManifest)
    except (OSError, msgspec.MsgspecError):
        return None


def _intact(path: Path, manifest: PlanManifest) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content).hexdigest() == manifest.sha256


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole or as it was."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
