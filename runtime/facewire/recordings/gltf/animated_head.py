"""A recorded face as the animation of a head: one that is given, or a stand-in with the names."""

import re
from pathlib import Path

import numpy as np

from facewire import arkit
from facewire.errors import ConfigError
from facewire.recordings.gltf.animation_writer import (
    FLOAT,
    AnimationWriter,
    Values,
    refuse_too_large,
)
from facewire.recordings.gltf.glb_file import Document, read_glb
from facewire.recordings.gltf.rotations import gaze, rotations
from facewire.recordings.gltf.turning_nodes import find_node, joints, turned
from facewire.recordings.recorded_face import RecordedFace

_SIDES = {"_l": "left", "_r": "right"}
_EYES = ("Left", "Right")


def animated_glb(face: RecordedFace, head: Path | None = None) -> bytes:
    """Return a GLB file in which a head moves as the face does: its shapes, its bone, its eyes.

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
    refuse_too_large(binary, len(face) * sum(map(len, shapes_by_node.values())))
    writer = AnimationWriter(document, binary, face)
    for node, shapes in shapes_by_node.items():
        # Targets that are no shapes stay at 0.
        values = np.zeros((len(face), len(shapes)), np.float32)
        for target, shape in enumerate(shapes):
            if shape is not None:
                values[:, target] = face.weights[:, shape]
        writer.add(node, "weights", values)
    turns: dict[str, Values] = {
        "head": face.head,
        **{f"{s.lower()}Eye": gaze(face.weights, s) for s in _EYES},
    }
    for part, angles in turns.items():
        place = find_node(document, part)
        if place is not None and (part == "head" or _turns(document, place, shapes_by_node)):
            writer.add(place, "rotation", turned(document, place, rotations(angles)))
    return writer.glb()


def _turns(document: Document, eye: int, shapes_by_node: dict[int, list[int | None]]) -> bool:
    """Tell whether an eye moves by its node: by morph targets too, it would look twice as far."""
    if eye not in joints(document):
        return eye not in shapes_by_node
    looks = {shape for shapes in shapes_by_node.values() for shape in shapes if shape is not None}
    return not any("eyeLook" in arkit.NAMES[shape] for shape in looks)


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


def _shapes_by_node(document: Document) -> dict[int, list[int | None]]:
    """Return the shape of each morph target, for the nodes whose mesh has any."""
    found, of_meshes = {}, dict[int, list[int | None]]()
    for place, node in enumerate(document.get("nodes", [])):
        if "mesh" not in node:
            continue
        # Nodes may share a mesh.
        number = node["mesh"]
        if number not in of_meshes:
            of_meshes[number] = _shapes_of(document["meshes"][number])
        if any(shape is not None for shape in of_meshes[number]):
            found[place] = of_meshes[number]
    return found


def _shapes_of(mesh: Document) -> list[int | None]:
    first = mesh["primitives"][0]
    named = mesh.get("extras", {}).get("targetNames") or first.get("extras", {}).get(
        "targetNames", []
    )
    return [shape_of(name) for name in named]


def _stand_in() -> Document:
    """Return a triangle of a centimetre with a target for each shape, all of zeros."""
    zeros = {
        "componentType": FLOAT, "type": "VEC3", "count": 3, "min": [0, 0, 0], "max": [0, 0, 0],
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
