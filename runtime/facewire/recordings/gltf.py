"""Recorded faces as glTF animations: of a given head, or of a stand-in that carries the names.

A GLB file is a header, a JSON chunk and a binary chunk (glTF 2.0, section 4.4); an animation is a
sampler of times and values for each node (section 3.11).
"""

import json
import re
import secrets
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire.recordings.recorded_face import RecordedFace
from facewire.sinks.file_opening import cannot_record

Document = dict[str, Any]

_HEADER = struct.Struct("<4sII")
_CHUNK = struct.Struct("<I4s")
_FLOAT = 5126
_MOST_BYTES = 2 << 30
"""Of numbers: a file's length is of 32 bits, and it is made in memory."""
_SIDES = {"_l": "left", "_r": "right"}
_HEADS = ("head", "j_bip_c_head", "mixamorig:head")
"""What heads are called among bones, in lower case."""


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


def animated_glb(face: RecordedFace, head: Path | None = None) -> bytes:
    """Return a GLB file in which a head moves as the face does.

    Args:
        face: the recording.
        head: a GLB or VRM file with morph targets named as ARKit's shapes, in any case, whatever
            comes before the name. Without one there is a triangle with 52 targets that move
            nothing, from which other programs take the animation by the names.

    Raises:
        ConfigError: the head cannot be read, no target of it has such a name, or the file would
            be too large.
    """
    document, binary = read_glb(head) if head else (_stand_in(), b"")
    try:
        return _animated(document, binary, face, head)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ConfigError(f"{head} is no head as glTF 2.0 has it ({error!r})") from error


def _animated(document: Document, binary: bytes, face: RecordedFace, head: Path | None) -> bytes:
    shapes_by_node = _shapes_by_node(document)
    if not shapes_by_node:
        raise ConfigError(f"{head} has no morph targets named as ARKit's shapes, such as jawOpen")
    size = len(binary) + 4 * len(face) * sum(map(len, shapes_by_node.values()))
    if size > _MOST_BYTES:
        raise ConfigError(f"{size >> 20} MiB do not fit into a GLB file; cut the recording")
    writer = _AnimationWriter(document, binary, face)
    for node, shapes in shapes_by_node.items():
        writer.add_weights(node, shapes)
    if (bone := _head_bone(document)) is not None:
        writer.add_rotation(bone)
    return writer.glb()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        ConfigError: it cannot be written.
    """
    temporary = path.with_name(f"facewire-{secrets.token_hex(8)}.tmp")
    try:
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_record(path, error) from error


def shape_of(name: str) -> int | None:
    """Return which of the 52 shapes a morph target is, by its name; None if it is another.

    `jawOpen`, `JawOpen`, `Head.jawOpen`, `blendShape1.mouthSmile_L` are read.
    """
    last = re.split(r"[^0-9a-z_]", name.lower())[-1]
    candidates = [last, last.rpartition("_")[2]]
    if (side := _SIDES.get(last[-2:])) is not None:
        candidates = [stem + side for stem in (last[:-2], last[:-2].rpartition("_")[2])]
    return next((_BY_NAME[text] for text in candidates if text in _BY_NAME), None)


_BY_NAME = {name.lower(): index for index, name in enumerate(arkit.NAMES)}


class _AnimationWriter:
    """Adds the channels of one animation to a document."""

    def __init__(self, document: Document, binary: bytes, face: RecordedFace) -> None:
        self._document = document
        self._data = bytearray(binary)
        self._face = face
        self.channels: list[Document] = []
        self._samplers: list[Document] = []
        buffers = document.setdefault("buffers", [])
        if not buffers:
            buffers.append({"byteLength": 0})
        if "uri" in buffers[0]:
            raise ConfigError("the head keeps its data in other files; export it as one GLB file")
        self._times = self._accessor(_seconds(face), "SCALAR", bounded=True)

    def add_weights(self, node: int, shapes: list[int | None]) -> None:
        """Move the targets of a node's mesh; those that are no shapes stay at 0."""
        values = np.zeros((len(self._face), len(shapes)), np.float32)
        for target, shape in enumerate(shapes):
            if shape is not None:
                values[:, target] = self._face.weights[:, shape]
        self._channel(node, "weights", self._accessor(values.ravel(), "SCALAR"))

    def add_rotation(self, node: int) -> None:
        """Turn a bone as the head turns, from where it rests."""
        rest = np.array(self._document["nodes"][node].get("rotation", (0, 0, 0, 1)), np.float64)
        turned = _product(_quaternions(self._face.head), rest).astype(np.float32)
        self._channel(node, "rotation", self._accessor(turned, "VEC4"))

    def glb(self) -> bytes:
        """Return the file."""
        animation = {"name": "face", "channels": self.channels, "samplers": self._samplers}
        self._document.setdefault("animations", []).append(animation)
        self._document["buffers"][0]["byteLength"] = len(self._data)
        text = json.dumps(self._document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        self._data += bytes(-len(self._data) % 4)
        chunks = _CHUNK.pack(len(text), b"JSON") + text
        chunks += _CHUNK.pack(len(self._data), b"BIN\0") + self._data
        return _HEADER.pack(b"glTF", 2, _HEADER.size + len(chunks)) + chunks

    def _channel(self, node: int, path: str, output: int) -> None:
        sampler = {"input": self._times, "output": output, "interpolation": "LINEAR"}
        self._samplers.append(sampler)
        target = {"node": node, "path": path}
        self.channels.append({"sampler": len(self._samplers) - 1, "target": target})

    def _accessor(self, values: NDArray[np.float32], kind: str, *, bounded: bool = False) -> int:
        self._data += bytes(-len(self._data) % 4)
        views = self._document.setdefault("bufferViews", [])
        view = {"buffer": 0, "byteOffset": len(self._data), "byteLength": values.nbytes}
        views.append(view)
        self._data += values.astype("<f4").tobytes()
        accessor = {
            "bufferView": len(views) - 1, "componentType": _FLOAT, "type": kind,
            "count": len(values),
        }  # fmt: skip
        if bounded:
            accessor |= {"min": [float(values.min())], "max": [float(values.max())]}
        accessors: list[Document] = self._document.setdefault("accessors", [])
        accessors.append(accessor)
        return len(accessors) - 1


def _seconds(face: RecordedFace) -> NDArray[np.float32]:
    """Return when each frame is shown, [T]: on the frame itself, not on the sample before it.

    Programs that count frames would move what is a fraction of a sample early to the one before.
    """
    spec = face.spec
    numbers = [spec.frame_count(int(timestamp)) for timestamp in face.timestamps]
    exact = [
        number / float(spec.frame_rate)
        if spec.timestamp(number) == timestamp
        else timestamp / spec.sample_rate
        for number, timestamp in zip(numbers, face.timestamps.tolist(), strict=True)
    ]
    return np.array(exact, np.float32)


def _shapes_by_node(document: Document) -> dict[int, list[int | None]]:
    """Return the shape of each morph target, for the nodes whose mesh has any."""
    found = {}
    for place, node in enumerate(document.get("nodes", [])):
        if "mesh" not in node:
            continue
        mesh = document["meshes"][node["mesh"]]
        first = mesh["primitives"][0]
        named = mesh.get("extras", {}).get("targetNames") or first.get("extras", {}).get(
            "targetNames", []
        )
        shapes = [shape_of(name) for name in named]
        if any(shape is not None for shape in shapes):
            found[place] = shapes
    return found


def _head_bone(document: Document) -> int | None:
    names = [str(node.get("name", "")).lower() for node in document.get("nodes", [])]
    return next((names.index(name) for name in _HEADS if name in names), None)


def _quaternions(head: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return x, y, z, w of yaw, pitch and roll: glTF's axes are ours (see docs/face.md), [T, 4]."""
    yaw, pitch, roll = head.astype(np.float64).T / 2
    zero = np.zeros_like(yaw)
    turn = np.stack([zero, np.sin(yaw), zero, np.cos(yaw)], axis=1)
    nod = np.stack([np.sin(pitch), zero, zero, np.cos(pitch)], axis=1)
    tilt = np.stack([zero, zero, np.sin(roll), np.cos(roll)], axis=1)
    return _product(_product(turn, nod), tilt)


def _product(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotation that does the second, and then the first."""
    ax, ay, az, aw = np.moveaxis(first, -1, 0)
    bx, by, bz, bw = np.moveaxis(second, -1, 0)
    return np.stack(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ],
        axis=-1,
    )


def _stand_in() -> Document:
    """Return a triangle of a centimetre with a target for each shape, all of zeros."""
    zeros = {
        "componentType": _FLOAT, "type": "VEC3", "count": 3, "min": [0, 0, 0], "max": [0, 0, 0],
    }  # fmt: skip
    return {
        "asset": {"version": "2.0", "generator": "facewire"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": "Head", "mesh": 0}],
        "accessors": [zeros],
        "meshes": [
            {
                "name": "Face",
                "primitives": [
                    {
                        "attributes": {"POSITION": 0},
                        "targets": [{"POSITION": 0} for _ in arkit.NAMES],
                    }
                ],
                "weights": [0.0] * arkit.COUNT,
                "extras": {"targetNames": list(arkit.NAMES)},
            }
        ],
    }
