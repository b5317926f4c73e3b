"""What `facewire engine check` found out about plans: whether they may stand in for the model.

A verdict is kept beside the plans that it is about, and holds for their very bytes on one kind of
GPU: a plan that is built again has none.
"""

import hashlib
from pathlib import Path

import msgspec

from facewire.errors import ConfigError
from facewire_engines.backends.cuda_driver import Gpu
from facewire_engines.backends.graph import GraphFile
from facewire_engines.backends.tensorrt.libraries import choose_library
from facewire_engines.backends.tensorrt.plan_form import plan_key
from facewire_engines.backends.tensorrt.plans import find_plan


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a plan's weights are from the model's."""

    largest: float
    """The largest difference of a weight."""
    tolerance: float
    forced: bool = False
    """Whether somebody wants it used in spite of that."""

    @property
    def accepted(self) -> bool:
        """Whether the plans may be used without being asked for."""
        return self.forced or self.largest <= self.tolerance


def read_verdict(cache: Path, files: list[GraphFile], precision: str, gpu: Gpu) -> Verdict | None:
    """Return what is known about the plans of a model, or None if nothing is, or one is missing.

    Raises:
        ConfigError: no library that is installed makes plans for the GPU.
    """
    path = _path(cache, files, precision, gpu)
    if path is None:
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Verdict)
    except (OSError, msgspec.MsgspecError):
        return None


def write_verdict(
    cache: Path, files: list[GraphFile], precision: str, gpu: Gpu, verdict: Verdict
) -> None:
    """Keep a verdict about the plans of a model, if all of them are there.

    Raises:
        ConfigError: no library that is installed makes plans for the GPU, or the cache cannot be
            written.
    """
    path = _path(cache, files, precision, gpu)
    if path is None:
        return
    try:
        path.write_bytes(msgspec.json.encode(verdict))
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}); choose another folder with --cache"
        ) from error


def _path(cache: Path, files: list[GraphFile], precision: str, gpu: Gpu) -> Path | None:
    target, library = gpu.target, choose_library(gpu)
    digest = hashlib.sha256(target.encode())
    for file in sorted(files, key=lambda file: file.name):
        found = find_plan(cache, plan_key(file, precision, (target,), library), target)
        if found is None:
            return None
        digest.update(found[1].sha256.encode())
    return cache / f"{files[0].model}-{precision}-{target}-{digest.hexdigest()[:12]}.verdict"
