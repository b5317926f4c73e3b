"""VRM Animations on VRM avatars, played by three-vrm and checked by Khronos' validator."""

import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.clients.web.tiny_glb import tiny_vrm
from tests.conftest import skip_unless_ci
from tests.runtime.recordings.gltf.test_animated_head import HEADS, face, issues_of

from facewire import arkit
from facewire.errors import ConfigError
from facewire.frames import StreamSpec
from facewire.recordings import RecordedFace
from facewire.recordings.gltf.glb_file import read_glb
from facewire.recordings.gltf.vrm_animation import parse_expression_names, vrm_animation
from facewire.recordings.recorded_face import recorded_face
from facewire.sinks.vmc.expressions import EXPRESSIONS

PLAYER = Path(__file__).parent / "three_vrm"
PRESETS = ("aa", "ih", "ou", "ee", "oh", "blink", "blinkLeft", "blinkRight")
PASCAL = [name[0].upper() + name[1:] for name in arkit.NAMES]


def played(avatar: Path, animation: bytes, times: list[float], folder: Path) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None or not (PLAYER / "node_modules").is_dir():
        place = PLAYER.relative_to(Path(__file__).parents[4])
        skip_unless_ci(f"install Node.js, and run npm ci --prefix {place}")
    assert node
    (folder / "face.vrma").write_bytes(animation)
    command = [node, *map(str, (PLAYER / "play.mjs", avatar, folder / "face.vrma", *times))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["complaints"] == []
    return found


def avatar_that_looks(folder: Path) -> Path:
    """A VRM 1.0 with perfect sync, vowels, and eyes that turn by expressions."""
    (folder / "plain.vrm").write_bytes(tiny_vrm(1, [*PRESETS, *PASCAL], [*PRESETS, *PASCAL]))
    document, binary = read_glb(folder / "plain.vrm")
    full = {"inputMaxValue": 90, "outputScale": 1}
    looks = ("HorizontalInner", "HorizontalOuter", "VerticalDown", "VerticalUp")
    document["extensions"]["VRMC_vrm"]["lookAt"] = {
        "type": "expression",
        "offsetFromHeadBone": [0, 0.06, 0],
        **{f"rangeMap{direction}": full for direction in looks},
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    path = folder / "looks.vrm"
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
    return path


def test_the_test_head_speaks_by_perfect_sync(tmp_path: Path) -> None:
    head = HEADS / "ict-head-test.vrm"
    if not head.is_file():
        pytest.skip(f"needs {head.name} in FACEWIRE_HEADS")
    recording = face()
    data = vrm_animation(recording, ["perfect-sync"])
    found = played(head, data, [index / 60 for index in (0, 7, 39)], tmp_path)
    assert found["names"] == {"preset": [], "custom": PASCAL, "bones": ["head"]}
    assert found["duration"] == pytest.approx(39 / 60)
    for index, seen in zip((0, 7, 39), found["seen"], strict=True):
        weights = dict(zip(arkit.NAMES, recording.weights[index].tolist(), strict=True))
        morphs = {name: value for name, value in seen["morphs"].items() if name in weights}
        assert len(morphs) == 51
        for name, value in morphs.items():
            assert value == pytest.approx(weights[name], abs=1e-4), name


def test_vowels_blinks_and_perfect_sync_are_the_expressions_of_their_names(tmp_path: Path) -> None:
    recording = face()
    found = played(
        avatar_that_looks(tmp_path),
        vrm_animation(recording, ["vrm1", "perfect-sync"]),
        [11 / 60],
        tmp_path,
    )
    assert found["names"] == {"preset": list(PRESETS), "custom": PASCAL, "bones": ["head"]}
    (seen,) = found["seen"]
    presets = EXPRESSIONS["vrm1"]
    wanted = dict(zip(presets.names, presets.values(recording.weights[11]), strict=True))
    wanted |= dict(zip(PASCAL, recording.weights[11].tolist(), strict=True))
    for name in (*PRESETS, *PASCAL):
        assert seen["expressions"][name] == pytest.approx(wanted[name], abs=1e-4), name


@pytest.mark.parametrize(
    ("shapes", "yaw", "pitch"),
    [
        (("eyeLookOutLeft", "eyeLookInRight"), 0.6, 0),
        (("eyeLookInLeft", "eyeLookOutRight"), -0.6, 0),
        (("eyeLookDownLeft", "eyeLookDownRight"), 0, 0.45),
        (("eyeLookUpLeft", "eyeLookUpRight"), 0, -0.45),
        (("eyeLookOutLeft", "eyeLookInRight", "eyeLookUpLeft", "eyeLookUpRight"), 0.6, -0.45),
    ],
)
def test_the_gaze_and_the_head_turn_as_three_vrm_counts(
    tmp_path: Path, shapes: tuple[str, ...], yaw: float, pitch: float
) -> None:
    """Its yaw is to the avatar's left, its pitch downwards, in degrees, as docs/face.md counts."""
    weights = np.zeros((2, arkit.COUNT), np.float32)
    weights[:, [arkit.INDEX[name] for name in shapes]] = 1
    recording = of(weights, head=np.array([[0.3, 0, 0], [0, 0.2, 0]], np.float32))
    found = played(avatar_that_looks(tmp_path), vrm_animation(recording), [0, 1 / 60], tmp_path)
    turned, nodding = found["seen"]
    assert np.deg2rad(turned["gaze"]) == pytest.approx([yaw, pitch], abs=1e-5)
    assert turned["head"] == pytest.approx([0, np.sin(0.15), 0, np.cos(0.15)], abs=1e-6)
    assert nodding["head"] == pytest.approx([np.sin(0.1), 0, 0, np.cos(0.1)], abs=1e-6)


def test_captures_beyond_one_stay_within(tmp_path: Path) -> None:
    weights = np.full((1, arkit.COUNT), 1.4, np.float32)
    weights[0, arkit.INDEX["jawOpen"]] = -0.2
    data = vrm_animation(of(weights), ["perfect-sync"])
    found = played(avatar_that_looks(tmp_path), data, [0], tmp_path)
    expressions = found["seen"][0]["expressions"]
    assert expressions["JawOpen"] == 0
    assert expressions["TongueOut"] == 1


def test_the_bones_are_those_that_a_vrm_has_to_have(tmp_path: Path) -> None:
    (tmp_path / "face.vrma").write_bytes(vrm_animation(face()))
    (tmp_path / "person.vrm").write_bytes(tiny_vrm(1, [], ["jawOpen"]))
    document, _ = read_glb(tmp_path / "face.vrma")
    person, _ = read_glb(tmp_path / "person.vrm")
    extension = document["extensions"]["VRMC_vrm_animation"]
    assert document["extensionsUsed"] == ["VRMC_vrm_animation"]
    assert extension["specVersion"] == "1.0"
    bones = extension["humanoid"]["humanBones"]
    assert bones.keys() >= person["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"].keys()
    assert not {"leftEye", "rightEye"} & bones.keys()
    assert not [name for name in extension["expressions"]["preset"] if name.startswith("look")]
    assert "custom" not in extension["expressions"]
    places = {name: document["nodes"][bone["node"]] for name, bone in bones.items()}
    assert places["leftUpperArm"]["translation"][0] > 0 > places["rightHand"]["translation"][0]
    for channel in document["animations"][0]["channels"]:
        if channel["target"]["node"] in [bone["node"] for bone in bones.values()]:
            assert channel["target"] == {"node": bones["head"]["node"], "path": "rotation"}


def test_khronos_finds_no_fault(tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(vrm_animation(face(), ["vrm1", "perfect-sync"]))
    issues = issues_of(tmp_path / "a.glb")
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]


def test_names_are_those_that_there_are() -> None:
    assert parse_expression_names("vrm1,perfect-sync") == ["vrm1", "perfect-sync"]
    for text in ("", "vrm0", "vrm1,vrm1", "vrm1,", "x" * 9999):
        with pytest.raises(ConfigError, match="vrm1, perfect-sync, perfect-sync-camel") as raised:
            parse_expression_names(text)
        assert len(str(raised.value)) < 300


def of(weights: np.ndarray, head: np.ndarray | None = None) -> RecordedFace:
    return recorded_face(weights, StreamSpec(), known=np.ones(arkit.COUNT, np.bool_), head=head)
