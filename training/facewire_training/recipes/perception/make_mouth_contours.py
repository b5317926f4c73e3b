"""Make `mouth_contours.json`: lips and edges of the teeth of the ICT face model, from the front.

`python -m facewire_training.recipes.perception.make_mouth_contours DATA_DIR [OUT.json]`, where
`DATA_DIR/ict_facekit` holds `ict_expression_basis.npz` and `vertex_indices.json` of the ICT Face
Model Light (MIT, (c) 2020 USC Institute for Creative Technologies). Only the few points of the
table leave the model.
"""

import json
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from facewire import arkit
from facewire_training.animation.make_lip_geometry import Points, load_face_model
from facewire_training.command import make_parser, run_command

POINTS = 17
"""Of each contour, from the speaker's right corner of the mouth to the left one."""

# Landmarks of the iBUG 68 scheme along each contour.
_CONTOURS: dict[str, tuple[int, ...]] = {
    "upper_outer": (48, 49, 50, 51, 52, 53, 54),
    "upper_inner": (60, 61, 62, 63, 64),
    "lower_inner": (60, 67, 66, 65, 64),
    "lower_outer": (48, 59, 58, 57, 56, 55, 54),
}
_TEETH = slice(17039, 21451)
"""The vertices of all teeth."""
_TEETH_WIDE_CM = 2.6
"""Teeth farther to a side than this are never seen from the front."""
_TEETH_POINTS = 9
_LEAST_MM = 0.3
"""Shapes that move no point farther than this, such as those of the eyes, are left out."""


def main() -> None:
    """Write the table."""
    parser = make_parser(__doc__)
    parser.add_argument("data", type=Path, help="folder that holds ict_facekit/")
    beside = Path(str(resources.files("facewire_training.recipes.perception")))
    parser.add_argument("out", type=Path, nargs="?", default=beside / "mouth_contours.json")
    arguments = parser.parse_args()
    table = make_table(arguments.data / "ict_facekit")
    arguments.out.write_text(json.dumps(table, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {arguments.out}")


def make_table(folder: Path) -> dict[str, Any]:
    """Return the points of each contour, and how each shape at weight 1 moves them, in mm.

    Raises:
        ConfigError: the folder lacks a file of the model.
    """
    neutral, moves, landmarks = load_face_model(folder)
    with np.load(folder / "ict_expression_basis.npz", allow_pickle=False) as basis:
        faces = basis["faces"]
    points = {
        name: _contour(neutral, moves, faces, landmarks[list(places)])
        for name, places in _CONTOURS.items()
    }
    upper, lower = _teeth(neutral, moves)
    points |= {"upper_teeth": upper, "lower_teeth": lower}
    return {
        "source": "ICT Face Model Light, (c) 2020 USC Institute for Creative Technologies, MIT "
        "License; computed by facewire_training.recipes.perception.make_mouth_contours",
        "names": list(arkit.NAMES),
        "contours": {name: _millimetres(found) for name, found in points.items()},
    }


def _millimetres(found: Points) -> dict[str, Any]:
    """Return rows `[53, P, 2]`, the neutral one first, without what hardly moves any."""
    rounded = np.round(10 * found, 2)
    moved = {
        name: row.tolist()
        for name, row in zip(arkit.NAMES, rounded[1:], strict=True)
        if np.abs(row).max() >= _LEAST_MM
    }
    return {"neutral": rounded[0].tolist(), "shapes": moved}


def _contour(
    neutral: Points, moves: Points, faces: NDArray[np.int32], through: NDArray[np.int64]
) -> Points:
    """Return `[53, POINTS, 2]` points at equal distances along the mesh through some vertices."""
    path = _path(neutral, faces, through)
    along = np.concatenate(
        ([0.0], np.cumsum(np.linalg.norm(np.diff(neutral[path], axis=0), axis=1)))
    )
    at = np.linspace(0, along[-1], POINTS)
    left = np.clip(np.searchsorted(along, at, side="right") - 1, 0, len(path) - 2)
    share = ((at - along[left]) / (along[left + 1] - along[left]))[:, None]
    rows = np.concatenate((neutral[None], moves))[:, path, :2]
    return np.asarray(rows[:, left] * (1 - share) + rows[:, left + 1] * share)


def _path(
    neutral: Points, faces: NDArray[np.int32], through: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the vertices of the shortest way along edges of the mesh through some of them."""
    ends = np.stack((faces, np.roll(faces, -1, axis=1)), axis=-1).reshape(-1, 2)
    ends = ends[(ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1])]
    lengths = np.linalg.norm(neutral[ends[:, 0]] - neutral[ends[:, 1]], axis=1)
    count = len(neutral)
    # Both ways along an edge, from its two faces: the same length, which must not be summed.
    pairs, first = np.unique(ends, axis=0, return_index=True)
    graph = coo_array((lengths[first], (pairs[:, 0], pairs[:, 1])), shape=(count, count)).tocsr()
    found = [int(through[0])]
    for start, end in pairwise(through.tolist()):
        _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
        back = [end]
        while back[-1] != start:
            back.append(int(before[back[-1]]))
        found += back[-2::-1]
    return np.array(found)


def _teeth(neutral: Points, moves: Points) -> tuple[Points, Points]:
    """Return `[53, 9, 2]` points on the edges of the upper teeth, and of the lower ones."""
    teeth = neutral[_TEETH]
    lower = np.abs(moves[arkit.INDEX["jawOpen"], _TEETH, 1]) > 1e-3
    bounds = np.linspace(-_TEETH_WIDE_CM, _TEETH_WIDE_CM, _TEETH_POINTS + 1)
    rows = np.concatenate((neutral[None], moves))[:, _TEETH, :2]
    edges = []
    for own, up in ((~lower, -1.0), (lower, 1.0)):
        chosen = []
        for left, right in pairwise(bounds):
            within = np.flatnonzero(own & (teeth[:, 0] >= left) & (teeth[:, 0] < right))
            chosen.append(within[np.argmax(up * teeth[within, 1])])
        edges.append(rows[:, chosen])
    return edges[0], edges[1]


if __name__ == "__main__":
    run_command(main)
