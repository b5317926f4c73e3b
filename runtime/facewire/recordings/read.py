"""Recordings by their ending: csv, npz, jsonl."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from facewire.errors import ConfigError
from facewire.recordings.archive import read_archive
from facewire.recordings.lines import read_lines
from facewire.recordings.recorded_face import RecordedFace
from facewire.recordings.table import read_table

Reader = Callable[[Path, Fraction | None], RecordedFace]

RECORDINGS: dict[str, Reader] = {".csv": read_table, ".npz": read_archive, ".jsonl": read_lines}
"""What reads files of each ending."""


def read_recording(path: Path | str, frame_rate: Fraction | None = None) -> RecordedFace:
    """Read the face of a recording, ours or another program's.

    * `.csv` of Live Link Face, or any CSV whose first line names ARKit's shapes and has a column of
      seconds (`time_s`, `time`, `timestamp`)
    * `.npz` with `weights` [T, N] and `names` [N], and `frame_rate` (a number, or two of a
      fraction)
    * `.jsonl` as our recorder writes it

    Shapes go by name, in any case and order. Names that are no ARKit shape are left out; shapes
    that are not there are 0, and not known.

    Args:
        path: the file.
        frame_rate: frames per second, if the file does not tell.

    Raises:
        ConfigError: the file cannot be read, names no shapes, or has no frame rate.
    """
    path = Path(path)
    reader = RECORDINGS.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(f"{path} is no recording of a face; give a .csv, .npz or .jsonl file")
    try:
        return reader(path, frame_rate)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"cannot read the face in {path}: {error}") from error
    except MemoryError as error:
        raise ConfigError(f"{path} does not fit into memory; cut it into pieces") from error
