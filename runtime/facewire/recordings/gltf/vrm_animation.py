"""A recorded face as a VRM Animation, `VRMC_vrm_animation` 1.0, which moves any VRM avatar.

Layout: specification/VRMC_vrm_animation-1.0 of github.com/vrm-c/vrm-specification. A node stands
for each bone, each expression and the gaze; an expression's weight is the x of its translation.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from facewire.errors import ConfigError
from facewire.recordings.gltf.animation_writer import AnimationWriter, Values, refuse_too_large
from facewire.recordings.gltf.glb_file import Document
from facewire.recordings.gltf.rotations import gaze, rotations
from facewire.recordings.recorded_face import RecordedFace
from facewire.sinks.vmc.expressions import EXPRESSIONS, Expressions

EXTENSION = "VRMC_vrm_animation"
NAMES = ("vrm1", "perfect-sync", "perfect-sync-camel")
"""What expressions may be called, of `EXPRESSIONS`: version 1 has no presets of version 0."""

_Place = tuple[float, float, float]
_MIDDLE: tuple[tuple[str, str, _Place], ...] = (
    ("spine", "hips", (0, 0.1, 0)),
    ("chest", "spine", (0, 0.12, 0)),
    ("neck", "chest", (0, 0.25, 0)),
    ("head", "neck", (0, 0.1, 0)),
)
_LEFT: tuple[tuple[str, str, _Place], ...] = (
    ("UpperLeg", "hips", (0.09, -0.05, 0)),
    ("LowerLeg", "UpperLeg", (0, -0.42, 0)),
    ("Foot", "LowerLeg", (0, -0.42, 0)),
    ("UpperArm", "chest", (0.15, 0.2, 0)),
    ("LowerArm", "UpperArm", (0.27, 0, 0)),
    ("Hand", "LowerArm", (0.25, 0, 0)),
)
_HIPS: _Place = (0, 0.95, 0)
"""Metres. The bones that a VRM has to have, of a grown person who stands with the arms stretched
out sideways, as its rest pose is; only the head moves."""
_EYES: _Place = (0, 0.06, 0)
"""From the head's bone to between the eyes."""


def vrm_animation(face: RecordedFace, names: Sequence[str] = ("vrm1",)) -> bytes:
    """Return a file by which a VRM avatar speaks, looks around, and turns its head.

    Args:
        face: the recording.
        names: what the avatar's expressions are called, of `NAMES`.

    Raises:
        ConfigError: the file would be too large.
    """
    nodes, bones = _skeleton()
    sets = [EXPRESSIONS[name] for name in names]
    refuse_too_large(b"", len(face) * (1 + 4 + 4 + 3 * sum(len(each.names) for each in sets)))
    places: dict[str, dict[str, Document]] = {"preset": {}, "custom": {}}
    moves: list[tuple[int, Values]] = []
    for name, each in zip(names, sets, strict=True):
        kept = [place for place, title in enumerate(each.names) if not title.startswith("look")]
        values = _values(each, face)
        for place in kept:
            node = _add_node(nodes, each.names[place])
            places["preset" if name == "vrm1" else "custom"][each.names[place]] = {"node": node}
            moves.append((node, values[:, place]))
    look = _add_node(nodes, "lookAt", child_of=bones["head"]["node"], translation=_EYES)
    writer = AnimationWriter(_document(nodes, bones, places, look), b"", face)
    for node, weights in moves:
        zero = np.zeros_like(weights)
        writer.add(node, "translation", np.stack([weights, zero, zero], axis=1))
    both = (gaze(face.weights, "Left") + gaze(face.weights, "Right")) / 2
    writer.add(look, "rotation", rotations(both))
    writer.add(bones["head"]["node"], "rotation", rotations(face.head))
    return writer.glb()


def parse_expression_names(text: str) -> list[str]:
    """Return the names of "vrm1" or "vrm1,perfect-sync".

    Raises:
        ConfigError: one is none of `NAMES`, or comes twice.
    """
    names = text.split(",")
    if not set(names) <= set(NAMES) or len(set(names)) < len(names):
        raise ConfigError(
            f"--names {text[:40]} is none of {', '.join(NAMES)}; several are joined by commas"
        )
    return names


def _values(expressions: Expressions, face: RecordedFace) -> Values:
    rows = (expressions.values(weights) for weights in np.clip(face.weights, 0, 1))
    flat = np.fromiter(chain.from_iterable(rows), np.float32)
    return flat.reshape(len(face), len(expressions.names))


def _skeleton() -> tuple[list[Document], dict[str, Document]]:
    """Return the nodes of the bones, and by its name which node each bone is."""
    nodes: list[Document] = [{"name": "hips", "translation": list(_HIPS)}]
    bones = {"hips": {"node": 0}}
    for name, parent, place in _MIDDLE:
        bones[name] = {"node": _add_node(nodes, name, bones[parent]["node"], place)}
    for side, sign in (("left", 1), ("right", -1)):
        for name, parent, (x, y, z) in _LEFT:
            above = bones[parent if parent in bones else f"{side}{parent}"]["node"]
            bone = _add_node(nodes, f"{side}{name}", above, (sign * x, y, z))
            bones[f"{side}{name}"] = {"node": bone}
    return nodes, bones


def _add_node(
    nodes: list[Document],
    name: str,
    child_of: int | None = None,
    translation: _Place = (0, 0, 0),
) -> int:
    place = len(nodes)
    nodes.append({"name": name, "translation": list(translation)})
    if child_of is not None:
        nodes[child_of].setdefault("children", []).append(place)
    return place


def _document(
    nodes: list[Document],
    bones: dict[str, Document],
    places: dict[str, dict[str, Document]],
    look: int,
) -> Document:
    below = set(chain.from_iterable(node.get("children", []) for node in nodes))
    extension = {
        "specVersion": "1.0",
        "humanoid": {"humanBones": bones},
        "expressions": {kind: found for kind, found in places.items() if found},
        "lookAt": {"node": look, "offsetFromHeadBone": list(_EYES)},
    }
    return {
        "asset": {"version": "2.0", "generator": "facewire"},
        "extensionsUsed": [EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [place for place in range(len(nodes)) if place not in below]}],
        "nodes": nodes,
        "extensions": {EXTENSION: extension},
    }
