"""Which files a command may record into: none that it reads, none twice, and none that is kept."""

import itertools
import logging
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path

from facewire.errors import ConfigError
from facewire.sinks.file_opening import is_kept
from facewire.sinks.npz import PART
from facewire.sinks.uri import FileOutput, LiveOutput

logger = logging.getLogger(__name__)

Outputs = list[FileOutput | LiveOutput]


class Existing(Enum):
    """What happens where a file exists and has something in it; an empty one is used as it is."""

    REFUSED = "refused"
    """The command ends: what it makes can be made again, under the name that was asked for."""
    KEPT = "kept"
    """What is recorded cannot be had again, so it goes to the next free name."""
    OVERWRITTEN = "overwritten"
    """The user said so."""


def settle_outputs(
    outputs: Sequence[FileOutput | LiveOutput],
    *,
    inputs: Iterable[Path | int | None],
    existing: Existing,
) -> Outputs:
    """Return the outputs, under names that may be recorded into.

    Args:
        outputs: as the user named them.
        inputs: paths and descriptors of what is read; None is nothing.
        existing: what happens to files that are there. Where one has to give way, all outputs of
            the command get the same number, since they belong together.

    Raises:
        ConfigError: an output is an input, two outputs are one file, or a file exists.
    """
    files = [output for output in outputs if isinstance(output, FileOutput)]
    read = {_identity(place) for place in inputs if place is not None}
    _refuse_conflicts(files, read - {None})
    taken = [file for file in files if _is_taken(file)]
    if existing is Existing.REFUSED and taken:
        raise ConfigError(_refusal(taken[0]))
    if existing is not Existing.KEPT or not taken:
        return list(outputs)
    number = next(n for n in itertools.count(2) if not any(_is_taken(_take(f, n)) for f in files))
    logger.warning(
        "%s is kept; this recording goes to %s, unless --overwrite is given",
        taken[0].path,
        ", ".join(str(_take(file, number).path) for file in files),
    )
    return [_take(o, number) if isinstance(o, FileOutput) else o for o in outputs]


def _refuse_conflicts(files: Sequence[FileOutput], read: set[object]) -> None:
    written: dict[object, FileOutput] = {}
    for file in files:
        place = _identity(file.path)
        if place is None:
            continue
        if place in read:
            raise ConfigError(f"{file.path} is what is read; name another file to write")
        if place in written:
            one = written[place]
            raise ConfigError(f"{one} and {file} are one file; name another for one of them")
        written[place] = file


def _identity(place: Path | int) -> object:
    """Return what two names of one file share, existing or not; None where it does not matter."""
    try:
        status = os.stat(place)
    except (OSError, ValueError):
        return None if isinstance(place, int) else _future(Path(os.path.realpath(place)))
    if stat.S_ISCHR(status.st_mode):
        return None
    return status.st_dev, status.st_ino


def _future(path: Path) -> object:
    try:
        folder = path.parent.stat()
    except OSError:
        return path
    return folder.st_dev, folder.st_ino, path.name


def _part(file: FileOutput) -> Path:
    return file.path.with_name(file.path.name + PART)


def _is_taken(file: FileOutput) -> bool:
    return is_kept(file.path) or (file.kind == "npz" and is_kept(_part(file)))


def _refusal(file: FileOutput) -> str:
    if is_kept(file.path):
        return f"{file.path} exists; give another name, or --overwrite to replace it"
    return (
        f"{_part(file)} is left from a recording that broke off, or is being written; see "
        "`facewire recover --help`, give another name, or --overwrite to leave it there"
    )


def _take(file: FileOutput, number: int) -> FileOutput:
    """Return an output with a number in its name; devices and pipes have none."""
    path = file.path
    if os.path.exists(path) and not os.path.isfile(path):
        return file
    return replace(file, path=path.with_name(f"{path.stem}-{number}{path.suffix}"))
