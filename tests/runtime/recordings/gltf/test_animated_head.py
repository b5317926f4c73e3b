"""Recorded faces as glTF animations, read by programs that are not ours."""

import json
import math
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pygltflib import GLTF2
from tests.clients.web.tiny_glb import tiny_vrm
from tests.conftest import skip_unless_ci

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import StreamSpec
from facewire.recordings import RecordedFace
from facewire.recordings.gltf.animated_head import animated_glb, shape_of
from facewire.recordings.gltf.glb_file import read_glb
from facewire.recordings.recorded_face import recorded_face

HEADS = Path(os.environ.get("FACEWIRE_HEADS", "../shared/assets/head"))
Numbers = NDArray[np.floating[Any]]
JAW = arkit.INDEX["jawOpen"]


def face(count: int = 40) -> RecordedFace:
    random = np.random.default_rng(5)
    return recorded_face(
        random.random((count, arkit.COUNT), np.float32),
        StreamSpec(),
        known=np.ones(arkit.COUNT, np.bool_),
        head=random.normal(0, 0.2, (count, 3)).astype(np.float32),
    )


def values(gltf: GLTF2, accessor: int) -> NDArray[np.float32]:
    found = gltf.accessors[accessor]
    view = gltf.bufferViews[found.bufferView]
    begin = (view.byteOffset or 0) + (found.byteOffset or 0)
    width = {"SCALAR": 1, "VEC4": 4}[found.type]
    data = gltf.binary_blob()[begin : begin + 4 * width * found.count]
    return np.frombuffer(data, "<f4").reshape(found.count, width)


def check(path: Path, recording: RecordedFace) -> int:
    """Compare the animation with the recording; return how many meshes it moves."""
    gltf = GLTF2().load(str(path))
    animation = gltf.animations[-1]
    moved, turning = 0, []
    for channel in animation.channels:
        sampler = animation.samplers[channel.sampler]
        seconds = values(gltf, sampler.input)[:, 0]
        np.testing.assert_allclose(seconds, np.arange(len(recording)) / 60, atol=1e-6)
        node = gltf.nodes[channel.target.node]
        if channel.target.path == "rotation":
            assert node.name in ("Head", "eyeLeft", "eyeRight")
            turning.append(node.name)
            np.testing.assert_allclose(
                np.linalg.norm(values(gltf, sampler.output), axis=1), 1, atol=1e-6
            )
            continue
        names = gltf.meshes[node.mesh].extras["targetNames"]
        moves = values(gltf, sampler.output).reshape(len(recording), len(names))
        np.testing.assert_array_equal(
            moves, recording.weights[:, [arkit.INDEX[name] for name in names]]
        )
        moved += 1
    assert turning[:1] == ["Head"]
    assert len(turning) == len(set(turning))
    return moved


def test_without_a_head_a_stand_in_carries_the_names(tmp_path: Path) -> None:
    recording = face()
    (tmp_path / "a.glb").write_bytes(animated_glb(recording))
    assert check(tmp_path / "a.glb", recording) == 1


def test_the_head_turns_as_docs_face_says(tmp_path: Path) -> None:
    """Yaw to the speaker's left (x), pitch down, roll lifts the left ear; z is out of the face."""
    heads = np.array([[0.3, 0, 0], [0, 0.3, 0], [0, 0, 0.3]], np.float32)
    weights = np.zeros((3, arkit.COUNT), np.float32)
    known = np.ones(arkit.COUNT, np.bool_)
    recording = recorded_face(weights, StreamSpec(), known=known, head=heads)
    (tmp_path / "a.glb").write_bytes(animated_glb(recording))
    gltf = GLTF2().load(str(tmp_path / "a.glb"))
    channel = next(c for c in gltf.animations[0].channels if c.target.path == "rotation")
    turns = values(gltf, gltf.animations[0].samplers[channel.sampler].output)

    def turned(quaternion: Numbers, vector: list[float]) -> Numbers:
        axis, w = quaternion[:3], quaternion[3]
        at = np.array(vector)
        return np.asarray(at + 2 * np.cross(axis, np.cross(axis, at) + w * at))

    assert turned(turns[0], [0, 0, 1])[0] == pytest.approx(np.sin(0.3))
    assert turned(turns[1], [0, 0, 1])[1] == pytest.approx(-np.sin(0.3))
    assert turned(turns[2], [1, 0, 0])[1] == pytest.approx(np.sin(0.3))


@pytest.mark.parametrize("name", ["ict-head-9k.quant.glb", "ict-head-9k.meshopt.glb"])
def test_a_given_head_speaks(tmp_path: Path, name: str) -> None:
    head = HEADS / name
    if not head.is_file():
        pytest.skip(f"needs {name} in FACEWIRE_HEADS")
    recording = face()
    (tmp_path / "a.glb").write_bytes(animated_glb(recording, head))
    assert check(tmp_path / "a.glb", recording) == 5
    before, binary = read_glb(head)
    after, longer = read_glb(tmp_path / "a.glb")
    assert longer[: len(binary)] == binary
    assert after["meshes"] == before["meshes"]


def own_head(folder: Path, names: list[str], *, joint: bool) -> Path:
    """A head whose left eye hangs on a bone that rests a quarter turned about y."""
    document, binary = read_back(folder, animated_glb(face(1)))
    del document["animations"]
    document["meshes"][0]["extras"]["targetNames"] = names
    quarter = [0, math.sqrt(0.5), 0, math.sqrt(0.5)]
    document["nodes"] += [
        {"name": "holder", "rotation": quarter, "children": [2]},
        {"name": "LeftEye"},
    ]
    document["scenes"][0]["nodes"].append(1)
    if joint:
        document["skins"] = [{"joints": [2]}]
    (folder / "own.glb").write_bytes(pack(document, binary))
    return folder / "own.glb"


def eye_turns(folder: Path, head: Path) -> Numbers | None:
    """Return the eye's own rotations in a face that looks left, then down; None if it has none."""
    weights = np.zeros((2, arkit.COUNT), np.float32)
    weights[0, arkit.INDEX["eyeLookOutLeft"]] = weights[1, arkit.INDEX["eyeLookDownLeft"]] = 1
    known = np.ones(arkit.COUNT, np.bool_)
    (folder / "a.glb").write_bytes(
        animated_glb(recorded_face(weights, StreamSpec(), known=known), head)
    )
    gltf = GLTF2().load(str(folder / "a.glb"))
    found = [c for c in gltf.animations[0].channels if gltf.nodes[c.target.node].name == "LeftEye"]
    if not found:
        return None
    return values(gltf, gltf.animations[0].samplers[found[0].sampler].output)


def test_eyes_turn_about_the_models_axes_wherever_they_hang(tmp_path: Path) -> None:
    head = own_head(tmp_path, ["jawOpen"] + [f"shape{n}" for n in range(51)], joint=True)
    turns = eye_turns(tmp_path, head)
    assert turns is not None
    assert turns[0] == pytest.approx([0, np.sin(0.3), 0, np.cos(0.3)], abs=1e-6)
    # Its own z is the model's x here.
    assert turns[1] == pytest.approx([0, 0, np.sin(0.225), np.cos(0.225)], abs=1e-6)


def test_bones_of_eyes_rest_where_morph_targets_look_and_eyeballs_turn(tmp_path: Path) -> None:
    names = list(arkit.NAMES)
    assert eye_turns(tmp_path, own_head(tmp_path, names, joint=True)) is None
    assert eye_turns(tmp_path, own_head(tmp_path, names, joint=False)) is not None


def test_the_head_of_a_vrm_is_what_its_humanoid_says(tmp_path: Path) -> None:
    (tmp_path / "own.vrm").write_bytes(tiny_vrm(1, [], list(arkit.NAMES)))
    document, _ = read_glb(tmp_path / "own.vrm")
    head = document["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]["head"]["node"]
    (tmp_path / "a.glb").write_bytes(animated_glb(face(), tmp_path / "own.vrm"))
    channels = GLTF2().load(str(tmp_path / "a.glb")).animations[0].channels
    assert [c.target.node for c in channels if c.target.path == "rotation"] == [head]


def test_names_are_read_as_programs_write_them() -> None:
    for name in (
        "jawOpen",
        "JawOpen",
        "JAWOPEN",
        "Head.jawOpen",
        "blendShape1:jawOpen",
        "Face_jawOpen",
    ):
        assert shape_of(name) == JAW
    for name in ("mouthSmile_L", "mouthSmileLeft", "Face.mouthSmile_L", "bs_mouthSmile_L"):
        assert shape_of(name) == arkit.INDEX["mouthSmileLeft"]
    for name in ("viseme_aa", "", "jaw", "Open", "smile"):
        assert shape_of(name) is None


def test_targets_without_a_shape_stay_at_rest(tmp_path: Path) -> None:
    document, binary = read_back(tmp_path, animated_glb(face()))
    names = document["meshes"][0]["extras"]["targetNames"]
    names[0], names[JAW] = "somethingElse", "Head.JAWOPEN"
    del document["animations"]
    recording = face()
    (tmp_path / "own.glb").write_bytes(pack(document, binary))
    (tmp_path / "a.glb").write_bytes(animated_glb(recording, tmp_path / "own.glb"))
    gltf = GLTF2().load(str(tmp_path / "a.glb"))
    channel = next(c for c in gltf.animations[0].channels if c.target.path == "weights")
    moves = values(gltf, gltf.animations[0].samplers[channel.sampler].output).reshape(40, 52)
    assert not moves[:, 0].any()
    np.testing.assert_array_equal(moves[:, 1:], recording.weights[:, 1:])


def test_what_is_no_head_is_said_in_one_sentence(tmp_path: Path) -> None:
    document, binary = read_back(tmp_path, animated_glb(face()))
    document["meshes"][0]["extras"]["targetNames"] = [f"shape{n}" for n in range(52)]
    (tmp_path / "others.glb").write_bytes(pack(document, binary))
    document["buffers"][0]["uri"] = "data.bin"
    (tmp_path / "outside.glb").write_bytes(pack(document, b""))
    (tmp_path / "short.glb").write_bytes(b"glTF")
    (tmp_path / "text.glb").write_text("hello, this is text")
    (tmp_path / "cut.glb").write_bytes(animated_glb(face())[:200])
    for path in [*sorted(tmp_path.glob("*.glb")), tmp_path / "none.glb"]:
        if path.name != "base.glb":
            with pytest.raises(ConfigError) as failed:
                animated_glb(face(), path)
            assert "\n" not in str(failed.value)


def test_khronos_finds_no_fault(tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(animated_glb(face()))
    issues = issues_of(tmp_path / "a.glb")
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]


def issues_of(path: Path) -> dict[str, Any]:
    """Ask their validator, where `npm ci --prefix tests/runtime/recordings/gltf_validator` ran."""
    folder = Path(__file__).parents[1] / "gltf_validator"
    if shutil.which("node") is None or not (folder / "node_modules").is_dir():
        skip_unless_ci(
            "install Node.js, and run npm ci --prefix tests/runtime/recordings/gltf_validator"
        )
    script = (
        "require('gltf-validator').validateBytes(new Uint8Array(require('fs')."
        "readFileSync(process.argv[1]))).then(r => console.log(JSON.stringify(r.issues)))"
    )
    command = ["node", "-e", script, str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def read_back(folder: Path, data: bytes) -> tuple[dict[str, Any], bytes]:
    (folder / "base.glb").write_bytes(data)
    return read_glb(folder / "base.glb")


def pack(document: dict[str, Any], binary: bytes) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def glb(path: Path, document: Any) -> Path:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunk = struct.pack("<I4s", len(text), b"JSON") + text
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunk)) + chunk)
    return path


NAMED = {"extras": {"targetNames": ["jawOpen"]}, "primitives": [{}]}


@pytest.mark.parametrize(
    "document",
    [
        [],
        b"[" * 100_000,
        {"nodes": 3},
        {"nodes": [3]},
        {"nodes": [{"mesh": 7}], "meshes": []},
        {"nodes": [{"mesh": "a"}], "meshes": [NAMED]},
        {"nodes": [{"mesh": 0}], "meshes": [{"primitives": []}]},
        {"nodes": [{"mesh": 0}], "meshes": [NAMED | {"extras": []}]},
        {"nodes": [{"mesh": 0}], "meshes": [NAMED | {"extras": {"targetNames": [1, 2]}}]},
        {"nodes": [{"mesh": 0}], "meshes": [NAMED], "accessors": {}},
        {"nodes": [{"mesh": 0}], "meshes": [NAMED], "buffers": [1]},
        {"nodes": [{"mesh": 0, "name": "head", "rotation": "abcd"}], "meshes": [NAMED]},
    ],
)
def test_a_head_that_is_no_scene_is_the_users_mistake(tmp_path: Path, document: Any) -> None:
    with pytest.raises(ConfigError, match=r"head\.glb"):
        animated_glb(face(), glb(tmp_path / "head.glb", document))


def test_what_no_file_can_hold_is_refused_before_it_is_made(tmp_path: Path) -> None:
    meshes = [NAMED | {"extras": {"targetNames": list(arkit.NAMES) * 1000}}]
    nodes = [{"mesh": 0} for _ in range(300)]
    head = glb(tmp_path / "head.glb", {"nodes": nodes, "meshes": meshes})
    with pytest.raises(ConfigError, match="do not fit"):
        animated_glb(face(), head)
