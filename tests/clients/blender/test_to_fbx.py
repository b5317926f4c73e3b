"""A recorded face through Blender: into its shape keys, and again out of an FBX file."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from facewire import arkit
from facewire.frames import StreamSpec
from facewire.recordings.gltf.animated_head import animated_glb
from facewire.recordings.recorded_face import recorded_face

SCRIPT = Path(__file__).parents[3] / "clients" / "blender" / "to_fbx.py"
LOOK = """
import json, sys
import bpy
fbx, out = sys.argv[sys.argv.index("--") + 1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.context.scene.render.fps = 60
bpy.ops.import_scene.fbx(filepath=fbx)
(mesh,) = [item for item in bpy.data.objects if item.type == "MESH"]
keys = mesh.data.shape_keys
curves = {curve.data_path.split('"')[1]: curve for curve in keys.animation_data.action.fcurves}
first = min(curve.range()[0] for curve in curves.values())
values = {name: [c.evaluate(first + n) for n in range(90)] for name, c in curves.items()}
json.dump({"keys": [key.name for key in keys.key_blocks], "values": values}, open(out, "w"))
"""


def blender(*arguments: str | Path) -> None:
    command = ["blender", "--background", "--factory-startup", "--python-exit-code", "3"]
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_curves_come_through(tmp_path: Path) -> None:
    if shutil.which("blender") is None:
        pytest.skip("no Blender: apt install --no-install-recommends blender python3-numpy")
    command = [
        "blender",
        "--background",
        "--python-exit-code",
        "3",
        "--python-expr",
        "import numpy",
    ]
    if subprocess.run(command, capture_output=True, timeout=300, check=False).returncode:
        pytest.skip("the Python of Blender has no numpy: apt install python3-numpy")
    seconds = np.arange(90)[:, None] / 60
    pace = 0.5 + np.arange(arkit.COUNT) / 20
    weights = (0.5 + 0.5 * np.sin(2 * np.pi * pace * seconds)).astype(np.float32)
    known = np.ones(arkit.COUNT, np.bool_)
    (tmp_path / "face.glb").write_bytes(
        animated_glb(recorded_face(weights, StreamSpec(), known=known))
    )
    blender("--python", SCRIPT, "--", tmp_path / "face.glb", tmp_path / "face.fbx")
    (tmp_path / "look.py").write_text(LOOK)
    blender("--python", tmp_path / "look.py", "--", tmp_path / "face.fbx", tmp_path / "seen.json")
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert set(seen["keys"]) == {"Basis", *arkit.NAMES}
    found = np.array([seen["values"][name] for name in arkit.NAMES]).T
    np.testing.assert_allclose(found, weights, atol=1e-2)
    assert np.abs(found - weights).mean() < 1e-3
