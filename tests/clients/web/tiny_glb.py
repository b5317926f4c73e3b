"""A GLB of one triangle with morph targets of any names: as little as glTF 2.0 allows."""

import json
import struct
from collections.abc import Sequence
from typing import Any

TRIANGLE = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
FLOAT, ARRAY_BUFFER = 5126, 34962
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942


def tiny_glb(names: Sequence[str], *, targets: int | None = None, **more: Any) -> bytes:
    """Return a whole file.

    Args:
        names: of the morph targets; none: they have none, or there are none.
        targets: how many there are, if not as many as names.
        more: of the top of the document.
    """
    count = len(names) if targets is None else targets
    bounds = {"min": [0, 0, 0], "max": [1, 1, 0]}
    accessor = {"bufferView": 0, "componentType": FLOAT, "count": 3, "type": "VEC3", **bounds}
    primitive: dict[str, Any] = {"attributes": {"POSITION": 0}}
    if count:
        primitive["targets"] = [{"POSITION": 0}] * count
    mesh: dict[str, Any] = {"primitives": [primitive]}
    if names:
        mesh["extras"] = {"targetNames": list(names)}
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [mesh],
        "accessors": [accessor],
        "bufferViews": [{"buffer": 0, "byteLength": len(TRIANGLE), "target": ARRAY_BUFFER}],
        "buffers": [{"byteLength": len(TRIANGLE)}],
        **more,
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = _chunk(JSON_CHUNK, text) + _chunk(BINARY_CHUNK, TRIANGLE)
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def _chunk(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", len(data), kind) + data
