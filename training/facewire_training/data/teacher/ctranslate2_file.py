"""Read the weights out of a model file of CTranslate2, without CTranslate2.

The layout is that of its converter (`ctranslate2/specs/model_spec.py`, `_serialize`), version 6:
all little-endian; a text is its length with the final zero, uint16, and its bytes.
"""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError

VERSION = 6
_DTYPES = ("f4", "i1", "i2", "i4", "f2")
"""By the number that the file has for them; what follows these (bfloat16) numpy does not know."""


def read_weights(path: Path, prefix: str) -> dict[str, NDArray[np.float32]]:
    """Return the arrays whose names begin with the prefix, by the rest of the name, as float32.

    Raises:
        ConfigError: the file cannot be read, or is of another version.
    """
    try:
        with path.open("rb") as file:
            return _read(file, prefix)
    except (OSError, struct.error, ValueError, IndexError) as error:
        raise ConfigError(
            f"cannot read {path} as a CTranslate2 model of version {VERSION}: {error}; give the "
            "model.bin of an unquantised one"
        ) from error


def _read(file: BinaryIO, prefix: str) -> dict[str, NDArray[np.float32]]:
    (version,) = _numbers(file, "I")
    if version != VERSION:
        raise ValueError(f"it has version {version}")
    _text(file)
    _revision, count = _numbers(file, "II")
    found = {}
    for _ in range(count):
        name, (rank,) = _text(file), _numbers(file, "B")
        shape = _numbers(file, f"{rank}I")
        kind, size = _numbers(file, "<BI")
        if not name.startswith(prefix):
            file.seek(size, 1)
            continue
        values = np.frombuffer(file.read(size), f"<{_DTYPES[kind]}").reshape(shape)
        found[name.removeprefix(prefix)] = values.astype(np.float32)
    return found


def _numbers(file: BinaryIO, layout: str) -> tuple[int, ...]:
    layout = "<" + layout.lstrip("<")
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _text(file: BinaryIO) -> str:
    (size,) = _numbers(file, "H")
    return file.read(size).rstrip(b"\0").decode("utf-8")
