"""Make `lip_gram.json` from the ICT face model: how errors of weights add up on its lips.

`python -m facewire_training.losses.make_lip_gram DATA_DIR [OUT.json]`, where `DATA_DIR/ict_facekit`
holds the ICT Face Model Light (MIT, (c) 2020 USC Institute for Creative Technologies).

A blendshape face is linear, so the mean squared distance of the lips' vertices from where they
should be is a quadratic form of the error of the weights: a matrix of 52 x 52 stands for the mesh.
"""

import json
from importlib import resources
from pathlib import Path

import numpy as np

from facewire import arkit
from facewire_training.command import make_parser, run_command
from facewire_training.evaluation.metrics.errors.lip_mesh import load_lip_mesh
from facewire_training.losses.mouth_state import FILE

DIGITS = 6


def make_gram(folder: Path) -> dict[str, object]:
    """Return the matrix, in units of what jawOpen = 1 does, and how long that is.

    Raises:
        ConfigError: the folder lacks a file of the model.
    """
    moves = load_lip_mesh(folder).moves_mm
    flat = moves.reshape(len(moves), -1)
    gram = flat @ flat.T / moves.shape[1]
    jaw = arkit.INDEX["jawOpen"]
    unit = gram[jaw, jaw]
    return {
        "source": "ICT Face Model Light, (c) 2020 USC Institute for Creative Technologies, MIT "
        "License; figures computed by facewire_training.losses.make_lip_gram",
        "unit_mm": round(float(np.sqrt(unit)), 4),
        "vertices": moves.shape[1],
        "names": list(arkit.NAMES),
        "gram": [[round(float(value), DIGITS) for value in row] for row in gram / unit],
    }


def main() -> None:
    """Write the matrix."""
    parser = make_parser(__doc__)
    parser.add_argument("data", type=Path, help="folder that holds ict_facekit/")
    beside = Path(str(resources.files("facewire_training.losses")))
    parser.add_argument("out", type=Path, nargs="?", default=beside / FILE)
    arguments = parser.parse_args()
    made = make_gram(arguments.data / "ict_facekit")
    arguments.out.write_text(json.dumps(made) + "\n", encoding="utf-8")
    print(f"wrote {arguments.out}")


if __name__ == "__main__":
    run_command(main)
