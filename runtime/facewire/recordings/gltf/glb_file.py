"""GLB files: a header, a JSON chunk and a binary chunk (glTF 2.0, section 4.4)."""

import json
import struct
from pathlib import Path
from typing import Any

from facewire import whole_file
from facewire.errors import ConfigError
from facewire.sinks.file_opening import cannot_record

Document = dict[str, Any]

MOST_BYTES = 2 << 30
"""Of numbers: a file's length is of 32 bits, and it is made in memory."""

_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")


def read_glb(path: Path) -> tuple[Document, bytes]:
    """Return the JSON and the binary chunk of a GLB file.

    Raises:
        ConfigError: it cannot be read, or is something else.
    """
    try:
        data = path.read_bytes()
        magic, version, _ = _HEADER.unpack_from(data)
        if magic != b"glTF" or version != 2:
            raise ValueError("it does not begin as a GLB file of version 2 does")
        chunks: dict[bytes, bytes] = {}
        at = _HEADER.size
        while at + _CHUNK.size <= len(data):
            length, kind = _CHUNK.unpack_from(data, at)
            at += _CHUNK.size
            chunks.setdefault(kind, data[at : at + length])
            at += length
        document = json.loads(chunks[b"JSON"])
        if not isinstance(document, dict):
            raise ValueError("its JSON is no object")
        return document, chunks.get(b"BIN\0", b"")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, RecursionError, struct.error) as error:
        raise ConfigError(f"{path} is not a readable GLB file ({error})") from error


def packed(document: Document, binary: bytes | bytearray) -> bytes:
    """Return the file of a document, whose first buffer is the binary chunk."""
    document["buffers"][0]["byteLength"] = len(binary)
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    data = bytes(binary) + bytes(-len(binary) % 4)
    chunks = _CHUNK.pack(len(text), b"JSON") + text
    chunks += _CHUNK.pack(len(data), b"BIN\0") + data
    return _HEADER.pack(b"glTF", 2, _HEADER.size + len(chunks)) + chunks


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        whole_file.write_whole(path, data)
    except OSError as error:
        raise cannot_record(path, error) from error
