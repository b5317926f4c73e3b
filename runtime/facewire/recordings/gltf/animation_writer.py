"""Adds an animation to a glTF document: samplers of times and values (glTF 2.0, section 3.11)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire.errors import ConfigError
from facewire.recordings.gltf.glb_file import MOST_BYTES, Document, packed
from facewire.recordings.recorded_face import RecordedFace

FLOAT = 5126
"""What glTF calls float32."""
Values = NDArray[np.floating[Any]]

_KINDS = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}


def refuse_too_large(binary: bytes, numbers: int) -> None:
    """Refuse to make what no file can hold, before it is made.

    Args:
        binary: what is in the file already.
        numbers: how many float32 come to it.

    Raises:
        ConfigError: it is too much.
    """
    if (size := len(binary) + 4 * numbers) > MOST_BYTES:
        raise ConfigError(f"{size >> 20} MiB do not fit into a GLB file; cut the recording")


class AnimationWriter:
    """Adds the channels of one animation, at the times of a recording's frames."""

    def __init__(self, document: Document, binary: bytes, face: RecordedFace) -> None:
        """Begin.

        Raises:
            ConfigError: the document keeps its data in other files.
        """
        self._document = document
        self._data = bytearray(binary)
        self._channels: list[Document] = []
        self._samplers: list[Document] = []
        buffers = document.setdefault("buffers", [])
        if not buffers:
            buffers.append({"byteLength": 0})
        if "uri" in buffers[0]:
            raise ConfigError("the head keeps its data in other files; export it as one GLB file")
        self._times = self._accessor(_seconds(face)[:, None], bounded=True)

    def add(self, node: int, path: str, values: Values) -> None:
        """Animate a node.

        Args:
            node: its place among the nodes.
            path: `translation`, `rotation` or `weights`.
            values: [T, 3], [T, 4] or [T, targets].
        """
        flat = values.reshape(-1, 1) if path == "weights" else values
        sampler = {
            "input": self._times, "output": self._accessor(flat), "interpolation": "LINEAR",
        }  # fmt: skip
        self._samplers.append(sampler)
        target = {"node": node, "path": path}
        self._channels.append({"sampler": len(self._samplers) - 1, "target": target})

    def glb(self) -> bytes:
        """Return the file."""
        animation = {"name": "face", "channels": self._channels, "samplers": self._samplers}
        self._document.setdefault("animations", []).append(animation)
        return packed(self._document, self._data)

    def _accessor(self, values: Values, *, bounded: bool = False) -> int:
        self._data += bytes(-len(self._data) % 4)
        data = values.astype("<f4").tobytes()
        views = self._document.setdefault("bufferViews", [])
        views.append({"buffer": 0, "byteOffset": len(self._data), "byteLength": len(data)})
        self._data += data
        accessor = {
            "bufferView": len(views) - 1, "componentType": FLOAT, "count": len(values),
            "type": _KINDS[values.shape[1]],
        }  # fmt: skip
        if bounded:
            bounds = values.astype(np.float32)
            accessor |= {"min": [float(bounds.min())], "max": [float(bounds.max())]}
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
