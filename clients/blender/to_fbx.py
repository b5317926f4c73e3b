"""Makes an FBX file of an animated GLB.

    blender --background --python to_fbx.py -- IN.glb OUT.fbx [RATE]

Runs in Blender 3.4 or later, in Blender's own Python. RATE is in frames a second, 60 by default.
"""

import math
import sys

import numpy

if not hasattr(numpy, "bool"):
    # Blender 3.4's glTF add-on asks for what numpy 1.24 has no more.
    numpy.bool = bool

import bpy


def main() -> None:
    """Read the GLB, and export what is there with its shape keys and their curves."""
    source, target, *rate = sys.argv[sys.argv.index("--") + 1 :]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = int(rate[0]) if rate else 60
    bpy.ops.import_scene.gltf(filepath=source)
    actions = bpy.data.actions
    scene.frame_start = 0
    scene.frame_end = max((math.ceil(action.frame_range[1]) for action in actions), default=0)
    bpy.ops.export_scene.fbx(filepath=target, add_leaf_bones=False, bake_anim_simplify_factor=0)


main()
