"""`facewire replay` and `facewire convert`, as processes."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pygltflib import GLTF2
from pythonosc.osc_bundle import OscBundle
from websockets.asyncio.client import connect

from facewire import arkit
from facewire.recordings import read_recording

FACEWIRE = (sys.executable, "-m", "facewire")


def facewire(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [*FACEWIRE, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=100)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A second at 30 frames/s, each face different, and its sound beside it."""
    weights = np.zeros((30, arkit.COUNT), np.float32)
    weights[:, arkit.INDEX["jawOpen"]] = np.arange(30) / 30
    path = tmp_path / "face.npz"
    np.savez(path, weights=weights, names=arkit.NAMES, frame_rate=[30, 1], sample_rate=16_000)
    tone = 0.5 * np.sin(np.arange(16_000) / 10)
    soundfile.write(tmp_path / "face.wav", tone, 16_000)
    return path


def test_a_recording_becomes_files_of_every_kind_and_back(recording: Path, tmp_path: Path) -> None:
    result = facewire("convert", recording, "a.csv", "a.jsonl", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "30 frames" in result.stdout
    original = read_recording(recording)
    for name in ("a.csv", "a.jsonl"):
        again = read_recording(tmp_path / name, original.spec.frame_rate)
        np.testing.assert_allclose(again.weights, original.weights, atol=1e-6)
    assert (
        facewire("convert", "a.jsonl", "b.csv", "--frame-rate", "60", cwd=tmp_path).returncode == 0
    )
    doubled = read_recording(tmp_path / "b.csv", original.spec.frame_rate * 2)
    np.testing.assert_allclose(doubled.weights[::2], original.weights, atol=1e-6)
    between = (original.weights[:-1] + original.weights[1:]) / 2
    np.testing.assert_allclose(doubled.weights[1:-1:2], between, atol=1e-4)


def test_nothing_is_overwritten_and_mistakes_are_one_sentence(
    recording: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("mine")
    for arguments, part in (
        (("convert", recording, "a.csv"), "a.csv exists"),
        (("convert", recording, recording), "is what is read"),
        (("convert", "none.csv", "b.csv"), "none.csv"),
        (("convert", recording, "b.csv", "--frame-rate", "0"), "out of range"),
        (("replay", recording, "--no-page"), "nowhere to play"),
        (("replay", "face.wav", "--no-page", "-o", "b.csv"), "no recording of a face"),
        (("replay", recording, "--audio", "none.wav", "-o", "b.csv"), "none.wav"),
    ):
        result = facewire(*arguments, cwd=tmp_path)
        assert result.returncode == 2, result.stderr
        (line,) = result.stderr.strip().splitlines()
        assert part in line
    assert (tmp_path / "a.csv").read_text() == "mine"


def test_a_replay_sends_every_frame_to_osc(recording: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        port = receiver.getsockname()[1]
        result = facewire(
            "replay", recording, "--no-page", "-o", f"osc://127.0.0.1:{port}", "-o", "again.npz",
            cwd=tmp_path,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert "with the sound of" in result.stderr
        assert "real-time factor" not in result.stdout
        jaws = [
            message.params[arkit.INDEX["jawOpen"]]
            for _ in range(30)
            for message in OscBundle(receiver.recv(65_536))
            if message.address == "/face/blendshapes"
        ]
    np.testing.assert_allclose(jaws, np.arange(30) / 30, atol=1e-6)
    again = read_recording(tmp_path / "again.npz")
    np.testing.assert_array_equal(again.weights, read_recording(recording).weights)


async def test_a_loop_plays_on_the_page_with_its_sound_until_it_is_ended(
    recording: Path, tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        *FACEWIRE, "replay", recording, "--loop", "--open-sound", "--port", "0", cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    where = ""
    while "http://" not in where:
        where = (await process.stderr.readline()).decode()
    url = where.split("http://")[1].split("/")[0]
    indices: list[int] = []
    sounding = 0
    async with connect(f"ws://{url}/face?format=json&audio=1") as viewer:
        while len(indices) < 75:
            message = await viewer.recv()
            if isinstance(message, bytes):
                sounding += 1
            elif (frame := json.loads(message))["type"] == "frame":
                indices.append(frame["index"])
    assert indices == list(range(indices[0], indices[0] + 75))
    assert sounding > 75
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    assert b"0 dropped" in out


def test_a_recording_becomes_a_gltf_animation(recording: Path, tmp_path: Path) -> None:
    result = facewire("convert", recording, "a.glb", "a.csv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "wrote a.glb" in result.stdout
    gltf = GLTF2().load(str(tmp_path / "a.glb"))
    assert gltf.meshes[0].extras["targetNames"] == list(arkit.NAMES)
    assert len(gltf.animations) == 1
    result = facewire("convert", recording, "b.glb", "--head", "a.csv", cwd=tmp_path)
    assert result.returncode == 2
    assert "a.csv is not a readable GLB file" in result.stderr
    assert not (tmp_path / "b.glb").exists()
    result = facewire("convert", recording, "b.csv", "--head", "a.glb", cwd=tmp_path)
    assert result.returncode == 2
    assert "--head is what moves in a .glb file" in result.stderr


def test_a_recording_becomes_a_vrm_animation(recording: Path, tmp_path: Path) -> None:
    result = facewire("convert", recording, "a.vrma", "--names", "perfect-sync", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "wrote a.vrma" in result.stdout
    gltf = GLTF2().load_binary(str(tmp_path / "a.vrma"))
    found = gltf.extensions["VRMC_vrm_animation"]["expressions"]
    assert len(found["custom"]) == arkit.COUNT
    for words, part in (
        (("b.vrma", "--names", "vrm0"), "vrm1, perfect-sync"),
        (("b.csv", "--names", "vrm1"), "--names is for"),
        (("b.vrma", "--head", "a.vrma"), "--head is what moves in a .glb"),
        (("a.vrma",), "a.vrma exists"),
        (("none/b.vrma",), "there is no folder"),
    ):
        result = facewire("convert", recording, *words, cwd=tmp_path)
        assert result.returncode == 2, result.stderr
        assert part in result.stderr
    assert not (tmp_path / "b.vrma").exists()
