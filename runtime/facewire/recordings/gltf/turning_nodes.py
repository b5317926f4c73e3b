"""Which nodes of a model are its head and its eyes, and how a turn looks where they hang."""

import re
from typing import Any

import numpy as np

from facewire.recordings.gltf.glb_file import Document
from facewire.recordings.gltf.rotations import Rotations, product

_BEFORE = r"(.*[:_.]|mixamorig\d*)?"
_NAMES = {
    "head": rf"{_BEFORE}(j_bip_c_|cc_base_)?head",
    "leftEye": rf"{_BEFORE}(j_adj_l_faceeye|cc_base_l_eye|(left[_ ]?eye|eye[_. ]?(left|l))(ball)?)",
    "rightEye": rf"{_BEFORE}"
    r"(j_adj_r_faceeye|cc_base_r_eye|(right[_ ]?eye|eye[_. ]?(right|r))(ball)?)",
}
"""What they are called by VRoid, Character Creator, Mixamo and others, in lower case."""


def find_node(document: Document, part: str) -> int | None:
    """Return the node of the `head`, `leftEye` or `rightEye`: of a VRM's humanoid, or by its name.

    A node that a matrix places is none: animations turn those that have a rotation.
    """
    nodes = document.get("nodes", [])
    named = [
        place
        for place, node in enumerate(nodes)
        if re.fullmatch(_NAMES[part], str(node.get("name", "")).lower())
    ]
    bones = joints(document)
    candidates = [*_humanoid(document, part), *sorted(named, key=lambda place: place not in bones)]
    return next((place for place in candidates if "matrix" not in nodes[place]), None)


def joints(document: Document) -> set[int]:
    """Return the nodes that are bones of a skin."""
    return {place for skin in document.get("skins", []) for place in skin["joints"]}


def turned(document: Document, place: int, turns: Rotations) -> Rotations:
    """Return a node's own rotations when it turns about the model's axes from where it rests.

    Args:
        document: of the model.
        place: of the node.
        turns: [T, 4].
    """
    nodes = document["nodes"]
    above = np.array([0.0, 0.0, 0.0, 1.0])
    parents = {child: at for at, node in enumerate(nodes) for child in node.get("children", [])}
    at = parents.get(place)
    for _ in nodes:  # a circle, which no scene has, ends
        if at is None:
            break
        above = product(_rotation(nodes[at]), above)
        at = parents.get(at)
    back = above * [-1, -1, -1, 1]
    return product(product(product(back, turns), above), _rotation(nodes[place]))


def _rotation(node: Document) -> Rotations:
    return np.array(node.get("rotation", (0, 0, 0, 1)), np.float64)


def _humanoid(document: Document, part: str) -> list[int]:
    extensions = document.get("extensions", {})
    found: Any = extensions.get("VRMC_vrm", {}).get("humanoid", {}).get("humanBones", {})
    places = [found[part]["node"]] if part in found else []
    older: Any = extensions.get("VRM", {}).get("humanoid", {}).get("humanBones", [])
    return places + [bone["node"] for bone in older if bone.get("bone") == part]
