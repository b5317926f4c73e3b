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


BONES = (
    "hips", "spine", "chest", "neck", "head", "leftUpperLeg", "leftLowerLeg", "leftFoot",
    "rightUpperLeg", "rightLowerLeg", "rightFoot", "leftUpperArm", "leftLowerArm", "leftHand",
    "rightUpperArm", "rightLowerArm", "rightHand",
)  # fmt: skip
"""Those that a VRM has to have."""


def tiny_vrm(version: int, expressions: Sequence[str], names: Sequence[str]) -> bytes:
    """Return a person of one triangle, whose expressions each move the morph target of their place.

    Args:
        version: 0 (VRM 0.x, the extension `VRM`) or 1 (`VRMC_vrm`).
        expressions: names of presets of the version, or others.
        names: of the morph targets.
    """
    bones = [{"name": name, "translation": [0, 0.1, 0]} for name in BONES]
    for index, bone in enumerate(bones[:-1]):
        bone["children"] = [index + 2]
    nodes = [{"mesh": 0}, *bones]
    places = {name: index + 1 for index, name in enumerate(BONES)}
    extension = _vrm1(places, expressions) if version else _vrm0(places, expressions)
    return tiny_glb(
        names,
        nodes=nodes,
        scenes=[{"nodes": [0, 1]}],
        extensionsUsed=list(extension),
        extensions=extension,
    )


def _vrm1(bones: dict[str, int], expressions: Sequence[str]) -> dict[str, Any]:
    binds = {
        name: {"morphTargetBinds": [{"node": 0, "index": index, "weight": 1}]}
        for index, name in enumerate(expressions)
    }
    meta = {"name": "tiny", "authors": ["nobody"], "licenseUrl": "https://vrm.dev/licenses/1.0/"}
    humanoid = {"humanBones": {name: {"node": node} for name, node in bones.items()}}
    vowels = {"aa", "ih", "ou", "ee", "oh", "blink", "blinkLeft", "blinkRight"}
    presets = {name: bind for name, bind in binds.items() if name in vowels}
    custom = {name: bind for name, bind in binds.items() if name not in vowels}
    about = {"preset": presets, "custom": custom}
    return {
        "VRMC_vrm": {"specVersion": "1.0", "meta": meta, "humanoid": humanoid, "expressions": about}
    }


def _vrm0(bones: dict[str, int], expressions: Sequence[str]) -> dict[str, Any]:
    groups = [
        {
            "name": name,
            "presetName": name.lower(),
            "binds": [{"mesh": 0, "index": index, "weight": 100}],
        }
        for index, name in enumerate(expressions)
    ]
    humanoid = {"humanBones": [{"bone": name, "node": node} for name, node in bones.items()]}
    return {
        "VRM": {
            "meta": {"title": "tiny"},
            "humanoid": humanoid,
            "blendShapeMaster": {"blendShapeGroups": groups},
        }
    }


def _chunk(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", len(data), kind) + data
