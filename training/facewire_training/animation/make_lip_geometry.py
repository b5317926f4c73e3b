"""Make `lips.json` of `facewire.face` from the ICT face model.

`python -m facewire_training.animation.make_lip_geometry DATA_DIR [OUT.json]`, where
`DATA_DIR/ict_facekit` holds `ict_expression_basis.npz` and `vertex_indices.json` of the ICT Face
Model Light (MIT, (c) 2020 USC Institute for Creative Technologies). Only the few figures of the
table leave the model.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewire import arkit
from facewire.errors import ConfigError
from facewire_training.command import make_parser, run_command

Points = NDArray[np.float64]

# Landmarks of the iBUG 68 scheme, which the model maps to its vertices.
_CORNERS = (48, 54)
_UPPER_LIP = (50, 51, 52, 61, 62, 63)
_INNER_UPPER, _INNER_LOWER = 62, 66

_INCISORS = slice(18067, 18219)
"""The vertices of the two upper middle teeth."""


def main() -> None:
    """Write the table."""
    parser = make_parser(__doc__)
    parser.add_argument("data", type=Path, help="folder that holds ict_facekit/")
    beside = Path(str(resources.files("facewire.face")))
    parser.add_argument("out", type=Path, nargs="?", default=beside / "lips.json")
    arguments = parser.parse_args()
    table = make_table(arguments.data / "ict_facekit")
    arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {arguments.out}")


def make_table(folder: Path) -> dict[str, Any]:
    """Measure the lips of the model: neutral, and what each shape at weight 1 adds.

    Raises:
        ConfigError: the folder lacks a file of the model.
    """
    neutral, moves, landmarks = load_face_model(folder)
    shapes = [_measure(neutral + move, landmarks) for move in moves]
    rest = _measure(neutral, landmarks)
    unit = shapes[arkit.INDEX["jawOpen"]]["gap"] - rest["gap"]
    return {
        "source": "ICT Face Model Light, (c) 2020 USC Institute for Creative Technologies, MIT "
        "License; figures computed by facewire_training.animation.make_lip_geometry",
        "unit_mm": round(10 * unit, 4),
        "names": list(arkit.NAMES),
        "measures": {
            name: {
                "neutral": round(value / unit, 5),
                "shapes": [round((shape[name] - value) / unit, 5) for shape in shapes],
            }
            for name, value in rest.items()
        },
    }


def _measure(vertices: Points, landmarks: NDArray[np.int64]) -> dict[str, float]:
    """Measure one face in the model's unit, the centimetre; x is across, y up, z forward."""
    points = vertices[landmarks]
    teeth = vertices[_INCISORS]
    edge = teeth[np.argmin(teeth[:, 1])]
    lower = points[_INNER_LOWER]
    return {
        "gap": points[_INNER_UPPER, 1] - lower[1],
        "width": points[_CORNERS[1], 0] - points[_CORNERS[0], 0],
        "protrusion": points[list(_UPPER_LIP), 2].mean(),
        "lip_below_teeth": edge[1] - lower[1],
        "lip_before_teeth": lower[2] - edge[2],
    }


def load_face_model(folder: Path) -> tuple[Points, Points, NDArray[np.int64]]:
    """Return neutral vertices [V, 3], moves [52, V, 3] by ARKit order, landmark vertices [68].

    Raises:
        ConfigError: the folder lacks a file of the model.
    """
    try:
        with np.load(folder / "ict_expression_basis.npz", allow_pickle=False) as basis:
            neutral = basis["neutral"].astype(np.float64)
            deltas = dict(zip(basis["names"].tolist(), basis["deltas"], strict=True))
        landmarks = json.loads((folder / "vertex_indices.json").read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the ICT face model: {error}; give its folder") from error
    moves = np.zeros((arkit.COUNT, *neutral.shape))
    for row, name in enumerate(arkit.NAMES):
        for part in _ict_names(name):
            moves[row] += deltas.get(part, 0.0)
    return neutral, moves, np.array(landmarks["idx_to_landmark_verts"])


def _ict_names(name: str) -> tuple[str, ...]:
    """Return the shapes of the model whose sum is ARKit's; it has none for tongueOut."""
    if name in ("browInnerUp", "cheekPuff"):
        return f"{name}_L", f"{name}_R"
    if name in ("mouthLeft", "mouthRight", "jawLeft", "jawRight"):
        return (name,)
    for side in ("Left", "Right"):
        if name.endswith(side):
            return (f"{name.removesuffix(side)}_{side[0]}",)
    return (name,)


if __name__ == "__main__":
    run_command(main)
