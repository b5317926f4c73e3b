"""The package's components, in a scene without Unity, moved by real streams."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.clients.unity.live import live
from tests.clients.unity.mono import Program, Running
from tests.free_port import free_port

from facewire import arkit
from facewire.sinks.vmc.expressions import vowels
from facewire.sinks.vmc.messages import head_rotation

MODELLED = [f"Head_{name[0].upper()}{name[1:]}" for name in reversed(arkit.NAMES)]
"""Another order, another case, a prefix: names as a modeller has them."""


def shown(program: Running) -> NDArray[np.float64]:
    """Rows of seconds, weights up to 100, and the head's quaternion."""
    return np.array([line.split()[1:] for line in program.of("shown ")], float)


def at(seconds: NDArray[np.float64], file: Path, name: str) -> NDArray[np.float64]:
    """What the same run recorded, straight between two frames, where faces were shown."""
    with np.load(file) as recorded:
        times = recorded["timestamps"] / 16_000
        columns = recorded[name].astype(float).T
    return np.array([np.interp(seconds, times, column) for column in columns]).T


@pytest.mark.parametrize("kind", ["osc", "socket"])
def test_blend_shapes_move_as_the_stream_says(scene: Program, tmp_path: Path, kind: str) -> None:
    port, osc = free_port(), free_port()
    where = str(osc) if kind == "osc" else f"ws://127.0.0.1:{port}"
    file = tmp_path / "face.npz"
    with scene.running(kind, where, *MODELLED) as program:
        options = (f"--port={port}", f"--out=osc://127.0.0.1:{osc}", f"--out=npz:{file}")
        with live(*options) as server:
            assert server.wait(100) == 0
        program.end()
    rows = shown(program)
    seconds, weights, heads = rows[:, 0], rows[:, 1:53][:, ::-1] / 100, rows[:, 53:]
    assert np.all(np.diff(seconds) >= 0)
    assert len(set(seconds)) > 200
    # Seconds are float32 by OSC, and a face moves by less than 0.1 in a millisecond.
    bound = 1e-5 if kind == "osc" else 2e-6
    moving = np.concatenate([[True], np.diff(seconds) > 0])
    want = at(seconds, file, "weights")
    np.testing.assert_allclose(weights[moving], want[moving], atol=bound)
    assert want[:, arkit.INDEX["jawOpen"]].max() > 0.3
    turned = np.array([head_rotation(*head) for head in at(seconds, file, "head")])
    np.testing.assert_allclose(heads[moving], turned[moving], atol=1e-4)
    assert np.abs(turned[:, :3]).max() > 0.01


def test_an_avatar_with_vowels_only_and_a_stream_that_ends(scene: Program, tmp_path: Path) -> None:
    port = free_port()
    shapes = (
        "Fcl_MTH_A",
        "Fcl_MTH_I",
        "Fcl_MTH_U",
        "Fcl_MTH_E",
        "Fcl_MTH_O",
        "Fcl_EYE_Close",
        "Hat",
    )
    file = tmp_path / "face.npz"
    with scene.running("osc", str(port), *shapes) as program:
        with live("--no-page", f"--out=osc://127.0.0.1:{port}", f"--out=npz:{file}") as sender:
            assert sender.wait(100) == 0
        program.wait_for("shown ", count=len(program.of("shown ")) + 200)
        program.end()
    rows = shown(program)
    seconds, weights = rows[:, 0], rows[:, 1:8] / 100
    moving = np.concatenate([[True], np.diff(seconds) > 0])
    faces = at(seconds, file, "weights").astype(np.float32)
    np.testing.assert_allclose(weights[moving, :5], [vowels(f) for f in faces[moving]], atol=2e-3)
    blinks = faces[:, :8:7].min(axis=1)
    np.testing.assert_allclose(weights[moving, 5], blinks[moving], atol=1e-5)
    assert weights[:, :5].max() > 0.3
    assert not weights[:, 6].any()
    # Nothing comes any more: the face came to rest, of which the lips are no closer than shut.
    assert weights[-1].max() < 0.01


def test_a_mesh_without_shapes_is_told_of(scene: Program) -> None:
    with scene.running("osc", "0", "Hat", "Smile") as program:
        warning = program.wait_for("warning ")
        program.end()
    assert "no blend shape here has a name of ARKit, VRM or Oculus" in warning


def test_a_recording_is_the_stream_within_the_tolerance(scene: Program, tmp_path: Path) -> None:
    port = free_port()
    with scene.running("record", f"ws://127.0.0.1:{port}", *MODELLED) as program:
        with live(f"--port={port}") as server:
            assert server.wait(100) == 0
        program.end()
    rows = shown(program)
    moving = np.concatenate([[True], np.diff(rows[:, 0]) > 0])
    seconds, weights = rows[moving, 0], rows[moving, 1:53]
    curves = {}
    for line in program.of("curve "):
        _, name, *keys = line.split()
        curves[name] = np.array([key.split(":") for key in keys], float)
    assert "Body:blendShape.Head_JawOpen" in curves
    for name, (times, values, tangents) in {n: c.T for n, c in curves.items()}.items():
        played = np.interp(seconds - seconds[0], times, values)
        column = MODELLED.index(name.removeprefix("Body:blendShape."))
        np.testing.assert_allclose(played, weights[:, column], atol=0.025)
        # Unity draws straight lines by their slopes.
        slopes = np.diff(values) / np.diff(times)
        np.testing.assert_allclose(tangents[:-1], slopes, rtol=1e-3, atol=1e-2)
    kept = sum(len(curve) for curve in curves.values())
    assert kept < weights.size / 2


def test_the_sample_has_a_face_that_moves(scene: Program) -> None:
    with scene.running("sample") as program:
        program.end()
    moved = {line.split()[0]: int(line.split()[1]) for line in program.lines}
    sides = {line.split()[0]: float(line.split()[2]) for line in program.lines}
    assert set(moved) <= set(arkit.NAMES)
    assert {"jawOpen", "mouthClose", "mouthPucker", "eyeBlinkLeft"} <= set(moved)
    assert min(moved.values()) > 5
    # It looks at the camera, along -z: its left is where x is positive.
    for name, side in sides.items():
        turn = 1 if name.endswith("Left") else -1 if name.endswith("Right") else 0
        assert np.sign(round(side, 3)) == turn, name
